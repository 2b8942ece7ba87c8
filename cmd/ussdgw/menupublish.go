package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ussdgw/menus/revision"
	"ussdgw/menus/source"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/msisdn"
)

// changeOptions are the flags of every command that changes what is published.
type changeOptions struct {
	ledgerOptions
	reason, by string
}

func (o *changeOptions) flags(cmd *cobra.Command) {
	o.ledgerOptions.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.reason, "reason", "", "why, in one line of at most 200 characters (required)")
	f.StringVar(&o.by, "by", "", "who makes the change, recorded beside the user of this machine")
}

// An editor is one change of what is published, under way.
type editor struct {
	changeOptions
	store     revision.Store
	config    Config
	log       publishedLog
	actor     string
	pinLength int
	out, err  io.Writer
}

// edit opens the ledger, reads the log and calls do. What do seals on that log is refused when
// anybody else has changed it meanwhile.
func (o changeOptions) edit(
	cmd *cobra.Command, do func(context.Context, *editor) error,
) error {
	if strings.TrimSpace(o.reason) == "" {
		return usage(cmd, `--reason is missing: say why in one line, --reason "fees are shown"`)
	}
	actor, err := actorOf(cmd, o.by)
	if err != nil {
		return err
	}
	e := &editor{changeOptions: o, out: cmd.OutOrStdout(), err: cmd.ErrOrStderr(), actor: actor}
	ctx := cmd.Context()
	store, closeStore, cfg, err := openBooks(ctx, o.config, o.data)
	if err != nil {
		return err
	}
	defer closeStore()
	e.store, e.config, e.pinLength = store, cfg, cfg.PIN.Length
	if e.log, err = readLog(ctx, store); err != nil {
		return fmt.Errorf("%w\nnothing can be changed on top of it; see: ussdgw menu history %s", err,
			o.flag())
	}
	return do(ctx, e)
}

// actorOf is who runs a command: the user of this machine, and what --by says beside it.
func actorOf(cmd *cobra.Command, by string) (string, error) {
	u, err := user.Current()
	switch {
	case err == nil:
		return revision.ActorOf(by, u.Username), nil
	case by == "":
		return "", usage(cmd, "the user of this machine has no name: give --by NAME")
	}
	return revision.ActorOf(by, fmt.Sprintf("user %d", os.Getuid())), nil
}

// check proves a stored revision again: this program may know more faults than the one which
// stored it. It prints what it finds.
func (e *editor) check(r revision.Revision) error {
	var report source.Report
	set := loadMenus(r.FS(), e.pinLength, &report)
	if err := report.WriteIn(e.err, r.ID); err != nil {
		return err
	}
	if set == nil {
		return fmt.Errorf("the menus of %s have faults: they cannot go to subscribers", r.ID)
	}
	return nil
}

// next seals a change that was filled in but for who, why and when.
func (e *editor) next(c revision.Change) (revision.Change, error) {
	c.At, c.Actor, c.Reason = time.Now(), e.actor, e.reason
	sealed, err := e.log.rollout.Next(c)
	return sealed, e.refusal(c, err)
}

// refusal says to a person why a change cannot be, and the way out.
func (e *editor) refusal(c revision.Change, err error) error {
	r, flag := e.log.rollout, e.flag()
	back := "ussdgw menu rollback --reason \"…\" " + flag
	switch {
	case err == nil:
		return nil
	case errors.Is(err, revision.ErrInvalid):
		text := strings.TrimPrefix(err.Error(), revision.ErrInvalid.Error()+": ")
		return &exitError{exitUsage, text}
	case errors.Is(err, revision.ErrUnchanged) && c.Kind == revision.KindRollback:
		return fmt.Errorf("there is nothing to take back: everybody has %s already",
			menusName(r.Live))
	case errors.Is(err, revision.ErrUnchanged) && c.Revision == r.Live:
		return fmt.Errorf("nothing changes: everybody has the menus of %s already", r.Live)
	case errors.Is(err, revision.ErrUnchanged):
		return fmt.Errorf("nothing changes: the menus of %s are published to %s already",
			r.Candidate, candidateAudience(r))
	case errors.Is(err, revision.ErrNarrower):
		return fmt.Errorf("%s has reached %s already, which is more\nonly a rollback takes it from "+
			"them: %s", r.Candidate, candidateAudience(r), back)
	case errors.Is(err, revision.ErrBusy):
		return fmt.Errorf("another change is on its way: %s is published to %s\nfinish it: "+
			"ussdgw menu publish %s --to all --reason \"…\" %s\nor drop it: %s", r.Candidate,
			candidateAudience(r), r.Candidate, flag, back)
	case errors.Is(err, revision.ErrNeverLive):
		return fmt.Errorf("%s was never live, so there is no way back to it\npublish it: "+
			"ussdgw menu publish %s --reason \"…\" %s", c.Revision, c.Revision, flag)
	}
	return err
}

// append writes a sealed change.
func (e *editor) append(ctx context.Context, c revision.Change) error {
	err := e.store.AppendChange(ctx, c)
	switch {
	case errors.Is(err, revision.ErrStale):
		return fmt.Errorf("somebody else has published just now, so nothing was done"+
			"\nlook at it, and try again: ussdgw menu status %s", e.flag())
	case errors.Is(err, ledger.ErrInDoubt):
		return fmt.Errorf("%w\nit may be published or not; see: ussdgw menu status %s", err, e.flag())
	}
	return err
}

// publishOptions are the flags of menu publish.
type publishOptions struct {
	changeOptions
	to, base  string
	numbers   []string
	pinLength int
}

func menuPublishCommand() *cobra.Command {
	var o publishOptions
	cmd := &cobra.Command{
		Use:   "publish DIR|REVISION",
		Short: "Give changed menus to test numbers, to a share of the subscribers, or to all",
		Long: `Check the menus of DIR and publish them: first to test numbers, then to a share of the
subscribers, then to all. Give the folder the first time; it is stored as a revision, a name of 12
digits that is made from its content. Publish that REVISION again to widen it (6 digits are
enough). A dialogue that is under way ends on the menus that it began with; dialogues that begin
later have the new ones, within 2 seconds on every gateway.

Nothing is published when the check finds a fault, when nothing would change, when other menus are
being tried on a share of the subscribers, or when the live revision is not the one of --base.
Where the configuration says menus.two_persons, whoever has stored a revision may publish it to
test numbers, and somebody else has to publish it further. It is a rule against slips, not against
malice: --by is taken at its word, and recorded beside the user of this machine, "aida (as root)".

Exit codes: 0 published, 1 refused or failed, 2 wrong use or a folder that cannot be read.`,
		Example: indent(
			`ussdgw menu publish mymenus --reason "shorter texts" --numbers 996555123456 --data devdata`,
			`ussdgw menu publish 3f2a9c41d07e --to 5% --reason "no complaints" --config config.yaml`,
			`ussdgw menu publish 3f2a9c41d07e --to all --reason "a day at 5%" --config config.yaml`),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := o.change()
			switch {
			case err != nil:
				return usage(cmd, err.Error())
			case cmd.Flags().Changed("pin-length") && o.config != "":
				return usage(cmd, "--pin-length is for --data: the configuration says pin.length")
			case o.pinLength < 4 || o.pinLength > 12:
				return usage(cmd, fmt.Sprintf("--pin-length %d is not 4 to 12", o.pinLength))
			}
			return o.edit(cmd, func(ctx context.Context, e *editor) error {
				if o.data != "" {
					e.pinLength = o.pinLength
				}
				return o.publish(ctx, e, args[0], c)
			})
		},
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.IntVar(&o.pinLength, "pin-length", 4, "digits of a PIN, with --data; --config says it itself")
	f.StringVar(&o.to, "to", "test", "who gets it: test, a share such as 5%, or all")
	f.StringSliceVar(&o.numbers, "numbers", nil,
		"test numbers, with commas between (default: menus.test_numbers)")
	f.StringVar(&o.base, "base", "",
		"refuse unless this revision is live (default: what is live when the command starts)")
	return cmd
}

// change reads the flags into a change. Numbers of the configuration are not in it yet.
func (o publishOptions) change() (revision.Change, error) {
	c := revision.Change{Kind: revision.KindPublish}
	switch percent, isShare := strings.CutSuffix(o.to, "%"); {
	case o.to == string(revision.StageTest):
		c.Stage = revision.StageTest
	case o.to == string(revision.StageAll):
		c.Stage = revision.StageAll
		if len(o.numbers) > 0 {
			return c, errors.New("--numbers is of no use with --to all")
		}
	case isShare:
		n, err := strconv.Atoi(percent)
		if err != nil || n < 1 || n > 99 {
			return c, fmt.Errorf("--to %s is no share: write 1%% to 99%%", o.to)
		}
		c.Stage, c.Percent = revision.StageShare, n
	default:
		return c, fmt.Errorf("--to %q is not known: write test, a share such as 5%%, or all", o.to)
	}
	if o.base != "" && !isRevision(o.base) {
		return c, fmt.Errorf("--base %q names no revision: give %d to %d of its digits", o.base,
			minPrefix, revision.Digits)
	}
	var err error
	c.Numbers, err = digitsOf(o.numbers, "--numbers")
	return c, err
}

// digitsOf reads numbers that people have written.
func digitsOf(numbers []string, where string) ([]string, error) {
	var digits []string
	for i, text := range numbers {
		n, err := msisdn.Parse(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("%s: entry %d of %d is no number: write 996555123456", where, i+1,
				len(numbers))
		}
		digits = append(digits, n.Digits())
	}
	return digits, nil
}

func (o publishOptions) publish(
	ctx context.Context, e *editor, target string, c revision.Change,
) (err error) {
	r, err := e.target(ctx, target)
	if err != nil {
		return err
	}
	rollout := e.log.rollout
	if o.base != "" && !strings.HasPrefix(rollout.Live, o.base) {
		return e.otherBase(o.base)
	}
	c.Revision, c.Content, c.Base = r.ID, r.Content(), rollout.Live
	if len(c.Numbers) == 0 && c.Stage != revision.StageAll {
		if c.Numbers, err = digitsOf(e.config.Menus.TestNumbers, "menus.test_numbers"); err != nil {
			return err
		}
		if len(c.Numbers) == 0 && c.Stage == revision.StageTest && rollout.Candidate != r.ID {
			return &exitError{exitUsage, "who is to try it? give --numbers 996555123456, " +
				"or write menus.test_numbers into the configuration"}
		}
	}
	if c, err = e.next(c); err != nil {
		return err
	}
	if e.config.Menus.TwoPersons && errors.Is(c.CheckSecond(r.Author), revision.ErrSamePerson) {
		return o.secondPerson(e, r, target)
	}
	if err := e.store.PutRevision(ctx, r); err != nil {
		return err
	}
	if err := e.append(ctx, c); err != nil {
		return err
	}
	return e.published(c)
}

// otherBase says that the change was made on other menus than the live ones, and the way out.
func (e *editor) otherBase(base string) error {
	live := e.log.rollout.Live
	if live == "" {
		return fmt.Errorf("nothing is live but %s, not %s: publish without --base", menusName(live),
			base)
	}
	return fmt.Errorf("%s is live now, not %s: your change would undo what came between"+
		"\nget the live menus, make your change on them, and publish that:"+
		" ussdgw menu checkout %s NEWDIR %s", live, base, live, e.flag())
}

// target is the revision that a folder or a name means, checked. It is stored already if it was
// named, or if somebody has stored the same files before: then its author is theirs.
func (e *editor) target(ctx context.Context, target string) (revision.Revision, error) {
	info, err := os.Stat(target)
	switch {
	case err == nil && info.IsDir():
		return e.folder(ctx, target)
	case err == nil:
		return revision.Revision{}, &exitError{
			exitUsage,
			target + " is a file: give the folder that it is in",
		}
	case !isRevision(target):
		return revision.Revision{}, &exitError{exitUsage, fmt.Sprintf(
			"%s is neither a folder (%v) nor a revision", target, reason(err))}
	}
	r, err := e.log.resolve(ctx, e.store, target)
	if err != nil {
		return r, err
	}
	return r, e.check(r)
}

// folder checks a folder and reads it. What is read is checked once more, so that nothing else is
// stored than what was proven.
func (e *editor) folder(ctx context.Context, dir string) (revision.Revision, error) {
	if _, err := requireMenus(e.err, dir, e.pinLength); err != nil {
		return revision.Revision{}, err
	}
	files, err := revision.Pack(os.DirFS(dir))
	if err != nil {
		return revision.Revision{}, fmt.Errorf("%s: %w", dir, err)
	}
	r, err := revision.New(files, e.actor, time.Now())
	if err != nil {
		return r, &exitError{exitUsage, err.Error()}
	}
	if loadMenus(r.FS(), e.pinLength, new(source.Report)) == nil {
		return r, fmt.Errorf("the files of %s have changed meanwhile; try again", dir)
	}
	stored, err := e.store.Revision(ctx, r.ID)
	if errors.Is(err, revision.ErrNotFound) {
		return r, nil
	}
	if err == nil && !maps.EqualFunc(stored.Files, files, bytes.Equal) {
		// A name is short enough for somebody to make two folders that have the same one.
		return r, fmt.Errorf("other files than those of %s are stored under the same name %s by %s"+
			"\nthat is no accident: look at them: ussdgw menu checkout %s NEWDIR %s", dir, r.ID,
			stored.Author, r.ID, e.flag())
	}
	return stored, err
}

// secondPerson says who may publish further.
func (o publishOptions) secondPerson(e *editor, r revision.Revision, target string) error {
	text := fmt.Sprintf("menus.two_persons: %s is by %s, so somebody else has to publish it to %s",
		r.ID, r.Author, o.to)
	next := fmt.Sprintf("they run: ussdgw menu publish %s --to %s", r.ID, o.to)
	if e.log.rollout.Candidate != r.ID {
		next = "first give it to test numbers: ussdgw menu publish " + shellWord(target)
	}
	return fmt.Errorf("%s\n%s --reason \"…\" %s", text, next, e.flag())
}

// published says what subscribers get from now on, and what to do next.
func (e *editor) published(c revision.Change) error {
	rollout, err := e.log.rollout.Apply(c)
	if err != nil {
		return err
	}
	var b strings.Builder
	switch {
	case c.Stage != revision.StageAll:
		fmt.Fprintf(&b, "%s is published to %s.\n", c.Revision, candidateAudience(rollout))
		fmt.Fprintf(&b, "All others keep %s.\n", menusName(rollout.Live))
	case c.Revision == c.Base:
		fmt.Fprintf(&b, "Everybody has %s.\n", menusName(rollout.Live))
	default:
		fmt.Fprintf(&b, "Everybody has %s from now on. Before, it was %s.\n",
			menusName(rollout.Live), menusName(c.Base))
	}
	b.WriteString("It counts for dialogues that begin now; those under way end as they began.\n")
	if dir := e.config.Menus.Dir; dir != "" {
		fmt.Fprintf(&b, "\nNote: menus.dir is set, so gateways with this configuration run the folder"+
			"\n%s\nand not what is published. Take menus.dir out to change that.\n", dir)
	}
	if e.config.Menus.TwoPersons && c.Stage == revision.StageTest {
		b.WriteString("menus.two_persons: somebody else has to publish it further.\n")
	}
	b.WriteString("\nNext:\n")
	for _, to := range wider(rollout) {
		fmt.Fprintf(&b, "  ussdgw menu publish %s --to %s --reason \"…\" %s\n", c.Revision, to,
			e.flag())
	}
	if c.Kind == revision.KindPublish {
		fmt.Fprintf(&b, "  ussdgw menu rollback --reason \"…\" %s\n", e.flag())
	}
	fmt.Fprintf(&b, "  ussdgw menu status %s\n", e.flag())
	_, err = io.WriteString(e.out, b.String())
	return err
}

// wider lists what the candidate may be published to next: fivefold up to the half, then to all.
func wider(r revision.Rollout) []string {
	const first, half = 5, 50
	switch {
	case r.Candidate == "":
		return nil
	case r.Stage == revision.StageTest:
		return []string{fmt.Sprintf("%d%%", first), "all"}
	case r.Percent < half:
		return []string{fmt.Sprintf("%d%%", min(5*r.Percent, half)), "all"}
	}
	return []string{"all"}
}
