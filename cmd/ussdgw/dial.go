package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"ussdgw/smsc/charset"
	"ussdgw/smsc/sim"
	"ussdgw/wallet/msisdn"
)

const (
	// smsWait is how long dial waits for an SMS after the dialogue, and smsSettle how long for
	// one more after that.
	smsWait   = 3 * time.Second
	smsSettle = 500 * time.Millisecond
	// consoleTimeout bounds one question to the console of dev.
	consoleTimeout = 5 * time.Second
	// busyPause is the pause before a hang-up is tried again.
	busyPause = 50 * time.Millisecond
	// maxConsoleOctets bounds its answer.
	maxConsoleOctets = 1 << 16
	// minFrame is the least width of a printed screen, in characters.
	minFrame = 24
)

// subscriberList is what dev tells about who can be dialled as.
type subscriberList struct {
	Registered []subscriber `json:"registered"`
	Fresh      string       `json:"fresh"`
}

type subscriber struct {
	MSISDN string `json:"msisdn"`
	Lang   string `json:"lang"`
}

// smsCount is how many SMS a number has had.
type smsCount struct {
	Count int `json:"count"`
}

type dialOptions struct {
	console, msisdn, lang, imsi string
	wait                        time.Duration
}

func dialCommand() *cobra.Command {
	var o dialOptions
	cmd := &cobra.Command{
		Use:   "dial [CODE]",
		Short: "Be a phone: dial at what dev runs",
		Long: `Dial CODE (*900# without it) at the message centre of a running "ussdgw dev". Each screen
is printed as a handset shows it, with the room it takes. Answers are read line by line, from the
keyboard or a pipe. SMS that arrive are printed too. The end of the input, or Ctrl-C, hangs up.

Without --msisdn the caller is the registered number of --lang, or the first one.

Exit codes: 0 the dialogue ended or was hung up, 1 failure, 2 wrong use.`,
		Example: indent("ussdgw dial '*900#'", "ussdgw dial '*900#' --lang ru",
			`printf '8\n1\n' | ussdgw dial '*900#'`,
			"ussdgw dial '*900*3*3*14*14*01234567890123*100#' --msisdn 996555123456"),
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			code := "*900#"
			if len(args) == 1 {
				code = args[0]
			}
			if o.imsi != "" && !imsiForm.MatchString(o.imsi) {
				return usage(cmd, fmt.Sprintf("--imsi %q: write 14 or 15 digits", o.imsi))
			}
			h := &handset{
				options: o, base: "http://" + o.console + "/phone", in: cmd.InOrStdin(),
				out: cmd.OutOrStdout(), talk: cmd.ErrOrStderr(),
			}
			return h.run(cmd.Context(), code)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.console, "console", defaultConsoleAddr, "HOST:PORT that dev has printed")
	f.StringVar(&o.msisdn, "msisdn", "", "number that dials")
	f.StringVar(&o.lang, "lang", "", "dial as the registered number of this language")
	f.StringVar(&o.imsi, "imsi", "", "IMSI of the SIM, 14 or 15 digits; another one than before "+
		"makes the wallet suspect")
	f.DurationVar(&o.wait, "wait", smsWait, "how long to wait for SMS after the dialogue")
	cmd.MarkFlagsMutuallyExclusive("msisdn", "lang")
	return cmd
}

// imsiForm is what the phone takes for an IMSI.
var imsiForm = regexp.MustCompile(`^[0-9]{14,15}$`)

// A handset is one phone with one dialogue.
type handset struct {
	options dialOptions
	base    string // URL of the phone at the console
	in      io.Reader
	out     io.Writer
	talk    io.Writer // what is not the phone's

	number string
	phone  *sim.Phone
	sms    chan sim.SMS
}

// run dials code and walks the dialogue to its end.
func (h *handset) run(ctx context.Context, code string) error {
	if err := h.choose(ctx); err != nil {
		return err
	}
	var had smsCount
	if err := h.ask(ctx, "/inbox/"+h.number, &had); err != nil {
		return err
	}
	h.phone = sim.NewPhone(h.base)
	defer h.phone.Close()
	receiving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	h.sms = make(chan sim.SMS)
	go h.receive(receiving, had.Count)

	fmt.Fprintf(h.talk, "%s dials %s\n", h.number, code)
	from := sim.SIM{MSISDN: h.number, IMSI: h.options.imsi}
	screen, err := h.phone.DialFrom(ctx, from, code)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return h.explain(err)
	}
	if err := h.converse(ctx, screen); err != nil {
		return err
	}
	h.collect(ctx)
	return nil
}

// converse shows screens and types answers until the dialogue ends, the input does, or ctx.
func (h *handset) converse(ctx context.Context, screen sim.Screen) error {
	answers := lines(h.in)
	for {
		h.show(screen)
		if screen.End {
			return nil
		}
		h.prompt()
		answer, ok := h.next(ctx, answers)
		if !ok {
			return h.hangUp(ctx)
		}
		next, err := h.phone.Send(ctx, answer)
		switch {
		case ctx.Err() != nil:
			return h.hangUp(ctx)
		case err != nil:
			return h.explain(err)
		}
		screen = next
	}
}

// next waits for an answer, and prints SMS that come meanwhile.
func (h *handset) next(ctx context.Context, answers <-chan string) (string, bool) {
	for {
		select {
		case answer, ok := <-answers:
			return answer, ok
		case sms := <-h.sms:
			h.showSMS(sms)
			h.prompt()
		case <-ctx.Done():
			return "", false
		}
	}
}

func (h *handset) hangUp(ctx context.Context) error {
	fmt.Fprintln(h.talk, "hung up")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), consoleTimeout)
	defer cancel()
	for {
		err := h.phone.HangUp(ctx)
		switch {
		case err == nil || errors.Is(err, sim.ErrEnded):
			return nil
		case !errors.Is(err, sim.ErrBusy) || ctx.Err() != nil:
			return h.explain(err)
		}
		// The center still serves the answer that Ctrl-C has cut off.
		select {
		case <-time.After(busyPause):
		case <-ctx.Done():
		}
	}
}

// collect prints the SMS that come after the dialogue, for a short while.
func (h *handset) collect(ctx context.Context) {
	wait := h.options.wait
	for {
		select {
		case sms := <-h.sms:
			h.showSMS(sms)
			wait = smsSettle
		case <-time.After(wait):
			return
		case <-ctx.Done():
			return
		}
	}
}

// receive passes on every SMS of the number after the first had ones, until ctx ends.
func (h *handset) receive(ctx context.Context, had int) {
	for n := had + 1; ; n++ {
		sms, err := h.phone.WaitSMS(ctx, h.number, n)
		if err != nil {
			return // ctx has ended, or the console: the dialogue says so
		}
		select {
		case h.sms <- sms:
		case <-ctx.Done():
			return
		}
	}
}

// choose decides who dials.
func (h *handset) choose(ctx context.Context) error {
	if h.options.msisdn != "" {
		number, err := msisdn.Parse(h.options.msisdn)
		if err != nil {
			return &exitError{exitUsage, fmt.Sprintf("--msisdn %s: write a number like %s",
				h.options.msisdn, "996555123456 or 0555123456")}
		}
		h.number = number.Digits()
	}
	var list subscriberList
	if err := h.ask(ctx, "/subscribers", &list); err != nil || h.number != "" {
		return err
	}
	var known []string
	for _, s := range list.Registered {
		if h.options.lang == "" || s.Lang == h.options.lang {
			h.number = s.MSISDN
			return nil
		}
		known = append(known, s.Lang)
	}
	return &exitError{exitUsage, fmt.Sprintf("nobody is registered with the language %q; "+
		"choose one of: %s, or name a number by --msisdn", h.options.lang, strings.Join(known, ", "))}
}

// ask gets a JSON answer from the phone's side of the console.
func (h *handset) ask(ctx context.Context, path string, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, consoleTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.base+path, nil)
	if err != nil {
		return &exitError{exitUsage, fmt.Sprintf("--console %s: write HOST:PORT", h.options.console)}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return h.explain(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %q: there is no phone at it\nonly \"ussdgw dev\" without "+
			"--smsc has one", h.options.console, response.Status)
	}
	body := io.LimitReader(response.Body, maxConsoleOctets)
	if err := json.NewDecoder(body).Decode(answer); err != nil {
		return fmt.Errorf("%s gives no answer that a phone understands: %w", h.options.console, err)
	}
	return nil
}

// explain turns what went wrong into what to do.
func (h *handset) explain(err error) error {
	var refused *sim.RefusedError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nothing answers at %s\nstart it in another terminal: ussdgw dev\n"+
			"or name the address it printed: --console HOST:PORT", h.options.console)
	case errors.Is(err, sim.ErrNotBound):
		return errors.New("the gateway is not bound to the message centre; try again in a moment")
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("no screen came; the log of \"ussdgw dev\" says why")
	case errors.As(err, &refused):
		return fmt.Errorf("the gateway has refused the input: %v", refused.Status)
	}
	return err
}

// show prints a screen in a frame, and what room it takes.
func (h *handset) show(s sim.Screen) {
	_, _ = io.WriteString(h.out, framed(s.Text, s.Units, s.Alphabet.ScreenLimit(), s.Alphabet))
}

// framed draws a screen as a handset does, and what room it takes below.
func framed(screen string, units, limit int, a charset.Alphabet) string {
	text := strings.Split(screen, "\n")
	width := minFrame
	for _, line := range text {
		width = max(width, utf8.RuneCountInString(line))
	}
	border := "+" + strings.Repeat("-", width+2) + "+\n"
	var b strings.Builder
	b.WriteString(border)
	for _, line := range text {
		pad := strings.Repeat(" ", width-utf8.RuneCountInString(line))
		b.WriteString("| " + line + pad + " |\n")
	}
	b.WriteString(border)
	fmt.Fprintf(&b, "%d/%d %s\n", units, limit, a)
	return b.String()
}

func (h *handset) showSMS(s sim.SMS) {
	fmt.Fprintf(h.out, "SMS from %s: %s\n", s.From, s.Text)
}

// prompt invites a person; a pipe needs none.
func (h *handset) prompt() {
	if f, ok := h.in.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		fmt.Fprint(h.out, "> ")
	}
}

// lines reads r line by line, one ahead of who takes them, and closes the channel at its end.
func lines(r io.Reader) <-chan string {
	out := make(chan string)
	go func() {
		defer close(out)
		for scan := bufio.NewScanner(r); scan.Scan(); {
			out <- strings.TrimSuffix(scan.Text(), "\r")
		}
	}()
	return out
}
