package ussd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"ussdgw/ussd/menu"
	"ussdgw/ussd/session"
	"ussdgw/wallet/pin"
)

// A step is the work on one Request: load, decide, act, save. It is used once, by one goroutine.
type step struct {
	g   *Gateway
	req Request
	key session.Key
	// program is the revision that the dialogue runs on; nil until that is decided.
	program *menu.Program
}

// errLost says that another writer has saved the session meanwhile, so the step decides anew.
var errLost = errors.New("ussd: step: the session has moved on")

// errNoStore says that the session store failed before anything was done.
var errNoStore = errors.New("ussd: step: session store")

// run returns the reply and what the metrics call it.
func (s *step) run(ctx context.Context) (Reply, string) {
	if s.req.Kind == Abort {
		s.abort(ctx)
		return Reply{Kind: None}, "none"
	}
	if s.g.cfg.Seen != nil && s.req.IMSI.Len() > 0 {
		if err := s.g.cfg.Seen(ctx, s.req.Number, s.req.IMSI); err != nil {
			return s.failed(fmt.Errorf("ussd: step: IMSI: %w", err), "")
		}
	}
	for range maxRounds {
		base, err := s.g.cfg.Store.Load(ctx, s.key)
		if err != nil {
			return s.failed(fmt.Errorf("%w: %w", errNoStore, err), "")
		}
		reply, result, err := s.decide(ctx, base)
		if errors.Is(err, errLost) {
			continue
		}
		if err != nil {
			return s.failed(err, base.Position.Lang)
		}
		return reply, result
	}
	return s.failed(errLost, "")
}

// failed ends the dialogue with an apology.
func (s *step) failed(err error, lang string) (Reply, string) {
	s.g.log.Error("step failed", zap.Stringer("msisdn", s.req.Number),
		zap.Stringer("kind", s.req.Kind), zap.Error(err))
	return fixed(s.shown(), menu.EntryUnavailable, lang), "unavailable"
}

// shown is the revision whose screens this dialogue shows: its own as far as that is known, else
// that of new dialogues.
func (s *step) shown() *menu.Program {
	if s.program == nil {
		s.program = s.g.cfg.Menus.Begin(s.req.Number)
	}
	return s.program
}

// adopt makes the step run on the revision of a session.
func (s *step) adopt(ctx context.Context, base session.Record) error {
	p, err := s.g.cfg.Menus.Revision(ctx, base.Position.Revision)
	if err != nil {
		return fmt.Errorf("ussd: step: revision %s: %w", base.Position.Revision, err)
	}
	s.program = p
	return nil
}

// decide finds out which row of the table of dialogues applies, and does it.
func (s *step) decide(ctx context.Context, base session.Record) (Reply, string, error) {
	now := s.g.cfg.Clock()
	s.program = nil
	last, stale := s.repeated(base, now)
	switch {
	case stale:
		return Reply{Kind: None, Repeat: true}, "repeat", nil
	case last && base.Executing.IsZero():
		return s.replay(ctx, base)
	case last: // the first delivery did not come to its end
	case s.req.Kind == Begin:
		return s.begin(ctx, base, now)
	case base.IsZero() || base.Ended || base.Dead || base.Dialogue != s.req.Dialogue:
		return s.over(ctx, base)
	}
	err := s.adopt(ctx, base)
	switch {
	case errors.Is(err, ErrNoRevision):
		return s.over(ctx, base)
	case err != nil:
		return Reply{}, "", err
	case !last && !base.Executing.IsZero():
		return s.tell(ctx, base, now)
	}
	// An action that was begun and has no end is done again under the same id. Whichever finishes
	// first is the result of both.
	return s.answer(ctx, base, now)
}

// over answers what belongs to no living session. The subscriber's language comes from the session
// that ended, or else from the way the menu starts.
func (s *step) over(ctx context.Context, base session.Record) (Reply, string, error) {
	if !base.IsZero() && base.Dialogue == s.req.Dialogue {
		// An end is of the same revision as what came before it. Where that cannot be had any
		// more, any will do.
		_ = s.adopt(ctx, base)
	}
	lang, err := s.language(ctx, base)
	if err != nil {
		return Reply{}, "", err
	}
	return fixed(s.shown(), menu.EntryOver, lang), "over", nil
}

// language is that of the session, or else what the menu starts in for this subscriber.
func (s *step) language(ctx context.Context, base session.Record) (string, error) {
	if base.Position.Lang != "" {
		return base.Position.Lang, nil
	}
	w := work{step: s, now: s.g.cfg.Clock()}
	err := w.settle(ctx, s.shown().Begin(s.shown().Languages()[0], menu.EntryStart, nil))
	return w.res.Position.Lang, err
}

// repeated recognises an input that came before. last says that it led to the stored reply, stale
// that it is older: a copy that was late, and meant for a screen that is gone. SMPP has no identity
// of an input; where the dialect has none either, the same payload within a second is a repeat, and
// after a secret, whose payload leaves no trace, anything within a second is.
func (s *step) repeated(base session.Record, now time.Time) (last, stale bool) {
	if base.IsZero() || base.Dialogue != s.req.Dialogue || !s.mayRepeat(base, now) {
		return false, false
	}
	if id := s.inputID(); id != "" {
		last = base.LastInput.ID == id
		return last, !last && slices.Contains(base.Seen, id)
	}
	soon := now.Sub(base.LastInput.At) < repeatWithin
	switch base.LastInput.Digest {
	case beginDigest:
		return soon && s.req.Kind == Begin, false
	case secretDigest:
		return soon && s.req.Kind == Input, false
	}
	same := s.req.Kind == Input && base.LastInput.Digest == digest(s.req.Text.Reveal())
	return soon && same, false
}

// mayRepeat tells a begin that is delivered again from a new dialogue whose id has been used
// before: some networks count in one octet, some give each subscriber one id.
func (s *step) mayRepeat(base session.Record, now time.Time) bool {
	switch {
	case s.req.Kind != Begin:
		return true
	case base.Dead:
		return false
	case base.Ended:
		return now.Sub(base.TouchedAt) < repeatAfterEnd
	}
	return now.Sub(base.StartedAt) < repeatBegin
}

// seen is what base has seen with this input added.
func (s *step) seen(base session.Record) []string {
	var ids []string
	if s.req.Kind != Begin {
		ids = slices.Clone(base.Seen)
	}
	if id := s.inputID(); id != "" && !slices.Contains(ids, id) {
		ids = append(ids, id)
	}
	return ids[max(0, len(ids)-session.MaxSeen):]
}

// inputID is the identity of the request within its dialogue, or "".
func (s *step) inputID() string {
	if s.req.Unit == "" {
		return ""
	}
	return s.req.Kind.String() + ":" + s.req.Unit
}

// replay answers a redelivery: the stored reply once more, unless the first submit went through
// or may still do so. A second screen could abort the dialogue.
func (s *step) replay(ctx context.Context, rec session.Record) (Reply, string, error) {
	nothing := Reply{Kind: None, Repeat: true}
	cur, err := s.await(ctx, rec)
	switch {
	case err != nil:
		return Reply{}, "", err
	case cur.Acked || cur.Dead || ctx.Err() != nil:
		return nothing, "repeat", nil
	case !cur.TouchedAt.Equal(rec.TouchedAt):
		return nothing, "repeat", nil // it went on, so it was seen
	}
	rec = cur
	r := Reply{
		Kind: Ask, State: rec.LastReply.State, Text: rec.LastReply.Text,
		Revision: rec.Position.Revision, Repeat: true, saved: rec,
	}
	if rec.LastReply.End {
		r.Kind = End
	}
	return r, "repeat", nil
}

// await waits for the fate of rec's reply, for at most ackWithin, and returns the session as it is
// then.
func (s *step) await(ctx context.Context, rec session.Record) (session.Record, error) {
	cur := rec
	for waited := time.Duration(0); waited < ackWithin; waited += ackPoll {
		if cur.Acked || cur.Dead || !cur.TouchedAt.Equal(rec.TouchedAt) {
			return cur, nil
		}
		select {
		case <-ctx.Done():
			return cur, nil
		case <-time.After(ackPoll):
		}
		var err error
		if cur, err = s.g.cfg.Store.Load(ctx, s.key); err != nil {
			return cur, fmt.Errorf("%w: %w", errNoStore, err)
		}
	}
	return cur, nil
}

// begin starts a dialogue: first what became of an untold payment, then a dialled string, else
// the offer to go on where a living session stopped.
func (s *step) begin(ctx context.Context, base session.Record, now time.Time) (
	Reply, string, error,
) {
	if base.Tells && now.Sub(base.TouchedAt) < ackWithin {
		// The news has been sent a moment ago: is it on the phone? Nobody dials that fast, but
		// programs do.
		cur, err := s.await(ctx, base)
		if err != nil {
			return Reply{}, "", err
		}
		base = cur
	}
	next := session.Record{
		Dialogue: s.req.Dialogue, Link: s.req.Link, StartedAt: now, Untold: base.Untold,
	}
	parts, ok := shortcut(s.g.service, s.req.Text.Reveal())
	var res menu.Result
	switch {
	case !ok:
		lang, err := s.language(ctx, base)
		if err != nil {
			return Reply{}, "", err
		}
		res = s.shown().Begin(lang, menu.EntryRefused, nil)
	case len(parts) == 0 && s.goesOn(ctx, base, now):
		res = s.program.Interrupt(base.Position, menu.EntryResume, nil)
	default:
		lang := base.Position.Lang
		if lang == "" {
			lang = s.shown().Languages()[0]
		}
		res = s.shown().Begin(lang, menu.EntryStart, nil)
	}
	w := work{step: s, base: base, next: next, now: now}
	if err := w.settle(ctx, res); err != nil {
		return Reply{}, "", err
	}
	if ok && len(parts) > 0 && s.program.TakesShortcut(w.res.Position) {
		if err := w.walk(ctx, parts); err != nil {
			return Reply{}, "", err
		}
	}
	if next.Untold != "" {
		return w.tell(ctx)
	}
	return w.finish(ctx)
}

// goesOn reports whether a dial is offered to go on where the session has stopped. If so, the new
// dialogue runs on the session's revision.
func (s *step) goesOn(ctx context.Context, base session.Record, now time.Time) bool {
	if base.IsZero() || base.Ended || !base.Executing.IsZero() || base.Untold != "" ||
		len(base.Position.Stack) <= 1 || now.Sub(base.TouchedAt) > s.g.cfg.ResumeWithin {
		return false
	}
	err := s.adopt(ctx, base)
	if err != nil && !errors.Is(err, ErrNoRevision) {
		s.g.log.Warn("session not offered again", zap.Stringer("msisdn", s.req.Number),
			zap.Error(err))
	}
	return err == nil
}

// answer steps the menu with what was typed.
func (s *step) answer(ctx context.Context, base session.Record, now time.Time) (
	Reply, string, error,
) {
	next := base
	next.Link = s.req.Link
	if base.Tells { // it was answered, so it was seen
		next.Untold, next.Tells = "", false
	}
	w := work{step: s, base: base, next: next, now: now, attempt: base.Executing.Attempt}
	w.secret = s.program.Secret(base.Position)
	if err := w.settle(ctx, s.program.Step(base.Position, s.req.Text)); err != nil {
		return Reply{}, "", err
	}
	return w.finish(ctx)
}

// tell answers an input that comes while an earlier payment of the same dialogue has no known
// end: what became of it, on top of the start.
func (s *step) tell(ctx context.Context, base session.Record, now time.Time) (
	Reply, string, error,
) {
	w := work{step: s, base: base, next: base, now: now, secret: true}
	res := s.program.Begin(base.Position.Lang, menu.EntryStart, nil)
	if err := w.settle(ctx, res); err != nil {
		return Reply{}, "", err
	}
	return w.tell(ctx)
}

// abort marks the dialogue dead: nothing more is submitted to it. An action under way finishes.
func (s *step) abort(ctx context.Context) {
	for range maxRounds {
		base, err := s.g.cfg.Store.Load(ctx, s.key)
		if err != nil {
			s.g.log.Warn("abort not saved", zap.Stringer("msisdn", s.req.Number), zap.Error(err))
			return
		}
		if base.IsZero() || base.Dead || base.Dialogue != s.req.Dialogue {
			return
		}
		next := base
		next.Dead = true
		err = s.g.save(ctx, s.key, base, next)
		if errors.Is(err, session.ErrConflict) {
			continue
		}
		if err != nil {
			s.g.log.Warn("abort not saved", zap.Stringer("msisdn", s.req.Number), zap.Error(err))
			return
		}
		if base.Executing.IsZero() && !base.Ended {
			s.withdraw(ctx, base)
		}
		return
	}
}

// withdraw ends the offer of a confirm screen that nobody looks at any more. An offer that stays
// open for a failure does no harm: it expires, and only its own PIN entry could execute it.
func (s *step) withdraw(ctx context.Context, rec session.Record) {
	err := s.adopt(ctx, rec)
	if err == nil {
		a, ok := s.program.HangUp(rec.Position)
		if !ok {
			return
		}
		w := work{step: s, base: rec, next: rec}
		_, err = w.act(ctx, a, rec.Position.Lang)
	}
	if err != nil {
		s.g.log.Warn("offer not withdrawn", zap.Stringer("msisdn", s.req.Number), zap.Error(err))
	}
}

// work is a step that has decided what to do and does it.
type work struct {
	*step
	base    session.Record // what is stored
	next    session.Record // what it becomes
	now     time.Time
	attempt string // of an execution that is repeated
	secret  bool   // what was typed must leave no trace
	moved   bool   // money may have moved: from here on nothing is decided anew
	tells   bool   // the screen says what became of next.Untold for good
	broke   bool   // the last action failed technically
	res     menu.Result
}

// settle follows the actions of res until there is a screen.
func (w *work) settle(ctx context.Context, res menu.Result) error {
	w.broke = false
	for range maxActions {
		if res.Action == nil {
			w.res = res
			return nil
		}
		answer, err := w.act(ctx, *res.Action, res.Position.Lang)
		if errors.Is(err, errLost) {
			return err
		}
		if err != nil {
			w.g.log.Error("action failed", zap.String("action", res.Action.Name),
				zap.Stringer("msisdn", w.req.Number), zap.Error(err))
			w.res = w.program.Begin(res.Position.Lang, menu.EntryUnavailable, nil)
			w.tells, w.broke = false, true
			return nil
		}
		if answer.Untold != "" {
			w.next.Untold, w.tells = answer.Untold, !answer.Pending
		} else if res.Action.Args["offer"] != "" {
			w.next.Untold, w.tells = "", false // there is nothing to tell of it
		}
		res = w.program.Resume(res.Position, answer.Outcome)
	}
	w.g.log.Error("too many actions in one step", zap.Int("limit", maxActions))
	w.res = w.program.Begin(res.Position.Lang, menu.EntryUnavailable, nil)
	return nil
}

// act does one action. One that moves money is saved as executing first, so that whoever comes
// next knows of it.
func (w *work) act(ctx context.Context, a menu.Action, lang string) (Answer, error) {
	if w.attempt == "" {
		w.attempt = w.newAttempt()
	}
	if a.Money && !w.moved {
		if err := w.execute(ctx, a); err != nil {
			return Answer{}, err
		}
	}
	answer, err := w.g.cfg.Teller.Do(ctx, Call{
		Number: w.req.Number, Lang: lang, Revision: w.program.Revision(),
		Action: a, Attempt: w.attempt,
	})
	outcome := answer.Outcome.Name
	switch {
	case err != nil:
		outcome = "error"
	case answer.Reason != "":
		outcome = answer.Reason
	}
	w.g.cfg.Metrics.Action(a.Name, outcome)
	return answer, err
}

// execute saves that the action is under way. The position stays on the confirm screen, so that a
// redelivery of the input leads to the same action.
func (w *work) execute(ctx context.Context, a menu.Action) error {
	mark := w.base
	mark.LastInput = session.Input{ID: w.inputID(), At: w.now}
	mark.Seen = w.seen(w.base)
	mark.TouchedAt = w.now
	mark.Executing = session.Executing{
		State: a.State, Action: a.Name, Offer: a.Args["offer"], Attempt: w.attempt,
	}
	mark.Untold = a.Args["offer"]
	mark.Acked = false
	saved, err := w.g.saved(ctx, w.key, w.base, mark)
	if errors.Is(err, session.ErrConflict) {
		return errLost
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errNoStore, err)
	}
	w.base, w.moved = saved, true
	w.next.Untold = mark.Untold
	return nil
}

// newAttempt is the same for every delivery of this input: by the network's identity of it, else
// by the version of the session that it answers.
func (w *work) newAttempt() string {
	if w.req.Unit != "" {
		return fmt.Sprintf("%x/%s/%s", w.next.StartedAt.UnixNano(), w.req.Dialogue, w.req.Unit)
	}
	return fmt.Sprintf("%x/v%d", w.next.StartedAt.UnixNano(), w.base.Version)
}

// walk answers the screens with the parts of a dialled string, from where a path leads that has
// moved. It stops at the first answer that is refused and shows why. A part left over at an end, or
// at a screen that asks for a secret, is refused with the whole string.
func (w *work) walk(ctx context.Context, parts [][]byte) error {
	var path []string
	for _, part := range parts[:min(len(parts), menu.MaxMoved)] {
		path = append(path, string(part))
	}
	if res, used, ok := w.program.Moved(w.res.Position, path); ok {
		if err := w.settle(ctx, res); err != nil {
			return err
		}
		parts = parts[used:]
	}
	for _, part := range parts {
		if w.res.Refused {
			return nil
		}
		scr := w.res.Screen
		if scr == nil || scr.End || scr.Secret || strings.TrimSpace(string(part)) == "" {
			w.res = w.program.Begin(w.res.Position.Lang, menu.EntryRefused, nil)
			return nil
		}
		typed := pin.NewSecret(part)
		res := w.program.Step(w.res.Position, typed)
		err := w.settle(ctx, res)
		typed.Wipe()
		if err != nil {
			return err
		}
	}
	return nil
}

// tell puts the fate of the untold payment on top of what would be shown.
func (w *work) tell(ctx context.Context) (Reply, string, error) {
	under := w.res
	values := map[string]string{"offer": w.next.Untold}
	res := w.program.Interrupt(under.Position, menu.EntryUntold, values)
	if err := w.settle(ctx, res); err != nil {
		return Reply{}, "", err
	}
	if w.broke {
		w.res = under // the next dial tries again; the menu is of use meanwhile
	}
	return w.finish(ctx)
}

// finish saves the successor and returns its screen. Nothing is shown that is not saved, with one
// exception: when money may have moved and the store fails, the outcome is shown all the same.
func (w *work) finish(ctx context.Context) (Reply, string, error) {
	if w.res.Screen == nil {
		return Reply{}, "", errors.New("ussd: step: no screen")
	}
	reply := screenReply(w.res)
	w.complete(reply)
	base := w.base
	for range maxRounds {
		saved, err := w.save(ctx, base)
		var lost *session.Conflict
		switch {
		case err == nil:
			if saved.Dead {
				return Reply{Kind: None}, "none", nil
			}
			reply.saved = saved
			return reply, w.result(reply), nil
		case errors.As(err, &lost) && lost.Current.TouchedAt.Equal(base.TouchedAt):
			// Only marks were set meanwhile: that the last reply arrived, or that the
			// dialogue is dead. What was decided stands.
			died := lost.Current.Dead && !base.Dead && lost.Current.Dialogue == w.next.Dialogue
			w.next.Dead = w.next.Dead || died
			base = lost.Current
		case errors.As(err, &lost) && w.moved:
			return w.outrun(ctx, lost.Current)
		case errors.As(err, &lost):
			return Reply{}, "", errLost
		case w.moved:
			w.g.log.Error("session not saved after a payment",
				zap.Stringer("msisdn", w.req.Number), zap.Error(err))
			return reply, w.result(reply), nil
		default:
			return Reply{}, "", fmt.Errorf("%w: %w", errNoStore, err)
		}
	}
	return Reply{}, "", errLost
}

// save stores next over base, with time of its own: an action may have used up the step's.
func (w *work) save(ctx context.Context, base session.Record) (session.Record, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveWithin)
	defer cancel()
	return w.g.saved(ctx, w.key, base, w.next)
}

// complete fills in the successor record.
func (w *work) complete(reply Reply) {
	w.next.Position = w.res.Position
	w.next.TouchedAt = w.now
	w.next.LastInput = session.Input{ID: w.inputID(), Digest: secretDigest, At: w.now}
	switch {
	case w.req.Kind == Begin:
		w.next.LastInput.Digest = beginDigest
	case !w.secret:
		w.next.LastInput.Digest = digest(w.req.Text.Reveal())
	}
	w.next.Seen = w.seen(w.base)
	w.next.LastReply = session.Reply{
		State: reply.State, Text: reply.Text,
		End: w.res.Screen.End, Secret: w.res.Screen.Secret,
	}
	w.next.Acked, w.next.Tells = false, w.tells
	w.next.Dead = w.base.Dead && w.req.Kind != Begin
	w.next.Ended = w.res.Screen.End
	w.next.Executing = session.Executing{}
}

// outrun ends a step whose payment is settled but whose session another step has taken over: a
// redelivery that was faster has the same result, a new dial has told it.
func (w *work) outrun(ctx context.Context, cur session.Record) (Reply, string, error) {
	same := cur.Dialogue == w.req.Dialogue && cur.LastInput.ID == w.inputID()
	if same && cur.Executing.IsZero() {
		return w.replay(ctx, cur)
	}
	return Reply{Kind: None}, "none", nil
}

func (w *work) result(r Reply) string {
	switch {
	case w.res.Refused:
		return "refused"
	case r.Kind == End:
		return "end"
	}
	return "ask"
}
