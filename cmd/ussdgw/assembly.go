package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
	_ "time/tzdata" // days and months are Bishkek's on machines without zone data too

	"go.uber.org/zap"

	"ussdgw/smsc"
	"ussdgw/smsc/pdu"
	"ussdgw/ussd"
	"ussdgw/ussd/teller"
	"ussdgw/wallet"
	"ussdgw/wallet/biller"
	"ussdgw/wallet/cashdesk"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

const (
	// sweepEvery is how often payments without a result are looked for.
	sweepEvery = 5 * time.Second
	// lastMessages bounds the sending of what the last steps have queued, at a stop.
	lastMessages = 3 * time.Second
)

// parts is what an assembly is made of. Who made the parts closes them, after the assembly has
// stopped.
type parts struct {
	menus    liveMenus
	sessions ussd.SessionStore
	ledger   ledger.Store
	keys     *pin.Keys
	clock    func() time.Time // nil: time.Now
	random   io.Reader        // nil: crypto/rand
	log      *zap.Logger      // nil: nothing is logged
	metrics  *metrics         // nil: nothing is counted
	observe  func(ussd.Reply) // nil: nobody looks on

	billers      findBiller // nil: there are none
	wallet       wallet.Config
	closeAfter   time.Duration // see LedgerConfig
	limits       LimitsConfig
	resumeWithin time.Duration
}

// liveMenus are the menus of a running gateway: a *release.Library, or a *menuSet alone.
type liveMenus interface {
	ussd.Menus
	// Catalogue is the catalogue behind what a new dialogue of a subscriber runs on.
	Catalogue(number msisdn.Number) *catalogue.Catalogue
}

// An assembly is a gateway with its wallet: what `dev`, `serve` and `test` have in common. Build
// it with assemble, give it a way out for SMS (connect or sendBy), start it, stop it.
type assembly struct {
	parts   parts
	issuer  *wallet.Issuer
	poster  *ledger.Poster
	gateway *ussd.Gateway
	sweeper *wallet.Sweeper
	closer  *wallet.Closer
	held    *wallet.Dispatcher
	missing *missingBillers
	relay   *wallet.Relay    // nil until sendBy
	link    *smsc.Link       // nil until connect
	agents  *cashdesk.Server // nil until serveAgents
}

// assemble builds the wallet and the gateway over p. It starts nothing.
func assemble(p parts) (*assembly, error) {
	if p.clock == nil {
		p.clock = time.Now
	}
	if p.log == nil {
		p.log = zap.NewNop()
	}
	zone, err := time.LoadLocation(wallet.ZoneName)
	if err != nil {
		return nil, fmt.Errorf("assembly: %w", err)
	}
	p.wallet.Zone = zone
	a := &assembly{parts: p, poster: ledger.NewPoster(p.ledger, p.log.Named("poster"))}
	p.wallet.Queued = a.kick
	if p.billers == nil {
		p.billers = func(string) (biller.Biller, bool) { return nil, false }
	}
	p.wallet.Billers = p.billers
	a.issuer, err = wallet.NewIssuer(p.wallet, p.ledger, a.poster, p.keys, p.menus.Catalogue,
		p.clock, p.random, p.log.Named("wallet"))
	if err != nil {
		return nil, err
	}
	a.sweeper = wallet.NewSweeper(a.issuer, sweepEvery, p.log.Named("sweeper"))
	a.closer = wallet.NewCloser(p.ledger, p.closeAfter, zone, p.clock, p.log.Named("closer"))
	a.held = wallet.NewDispatcher(a.issuer, p.ledger, p.log.Named("dispatcher"))
	a.missing = &missingBillers{
		live: func() *catalogue.Catalogue { return p.menus.Catalogue(msisdn.Number{}) },
		find: p.billers, count: p.metrics.missingBiller, log: p.log.Named("billers"),
		known: make(map[string]bool),
	}
	config := ussd.Config{
		Menus: p.menus, Store: p.sessions, Clock: p.clock, Log: p.log.Named("ussd"),
		Observe:      p.observe,
		Seen:         a.issuer.Seen,
		Teller:       teller.New(a.issuer, p.menus.Catalogue, zone),
		StepBudget:   p.limits.StepBudget,
		ResumeWithin: p.resumeWithin,
		MaxSteps:     p.limits.MaxSteps,
	}
	if p.metrics != nil {
		config.Metrics = gatewayMetrics{p.metrics}
		p.metrics.build.WithLabelValues(version).Set(1)
	}
	if a.gateway, err = ussd.New(config); err != nil {
		return nil, err
	}
	return a, nil
}

// kick tells the relay that there may be something to send.
func (a *assembly) kick() {
	if a.relay != nil {
		a.relay.Kick()
	}
}

// sendBy gives the assembly its way out for SMS.
func (a *assembly) sendBy(s teller.SMSSender) {
	p := a.parts
	courier := teller.NewCourier(p.menus.Begin, s)
	a.relay = wallet.NewRelay(p.ledger, p.keys, courier, p.clock, p.log.Named("relay"))
}

// connect gives the assembly a link, for dialogues and for SMS.
func (a *assembly) connect(c LinkConfig, sender string) error {
	d, err := c.speaks()
	if err != nil {
		return err
	}
	exchange := ussd.NewExchange(c.Name, a.gateway, d, a.parts.log.Named("exchange"))
	var counted smsc.Metrics
	if a.parts.metrics != nil {
		counted = linkMetrics{a.parts.metrics}
		// A link that never gets as far as a bind must be seen, not missing.
		counted.Bound(c.Name, false)
		counted.Window(c.Name, 0)
	}
	a.link, err = smsc.NewLink(smsc.Config{
		Name: c.Name, Address: c.Address, SystemID: c.SystemID, Password: string(c.Password),
		SystemType: c.SystemType, Window: c.Window, EnquireLink: c.EnquireLink,
		BindTimeout: c.BindTimeout, ResponseTimeout: c.ResponseTimeout,
		WriteTimeout: c.WriteTimeout, ReconnectMin: c.ReconnectMin, ReconnectMax: c.ReconnectMax,
	}, exchange, a.parts.log.Named("smsc"), counted)
	if err != nil {
		return err
	}
	exchange.Attach(a.link)
	a.sendBy(linkSender{link: a.link, from: sender})
	return nil
}

// start runs the assembly in s until s stops.
func (a *assembly) start(s *stages) {
	s.start("poster", a.poster.Run)
	if a.link != nil {
		s.start("link", a.link.Run)
	}
	s.start("relay", a.relay.Run)
	s.start("sweeper", a.sweeper.Run)
	s.start("closer", a.closer.Run)
	if a.agents != nil {
		s.start("agents", a.agents.Run)
	}
	s.start("billers", a.missing.run)
	s.start("dispatcher", a.held.Run)
}

// drain refuses new dialogues, waits for the steps in flight and sends the SMS they have queued. It
// waits for steps no longer than limits.drain, and begins no SMS later than lastMessages after
// that. What has begun is not broken off: an SMS takes up to wallet.SendTimeout, and up to five
// seconds more to be marked as sent. deploy/ussdgw.service counts the whole stop.
func (a *assembly) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), a.parts.limits.Drain)
	defer cancel()
	if err := a.gateway.Drain(ctx); err != nil {
		a.parts.log.Warn("steps cut off", zap.Error(err))
	}
	ctx, cancel = context.WithTimeout(context.Background(), lastMessages)
	defer cancel()
	for {
		sent, err := a.relay.Once(ctx)
		if err != nil {
			a.parts.log.Warn("messages left for another process", zap.Error(err))
		}
		if err != nil || sent == 0 {
			return
		}
	}
}

// linkSender sends SMS over a link. It implements teller.SMSSender.
type linkSender struct {
	link *smsc.Link
	from string
}

func (s linkSender) SendSMS(ctx context.Context, to msisdn.Number, text string) error {
	return marked(s.link.SendSMS(ctx, smsc.SMS{From: s.from, To: to.Digits(), Text: text}))
}

// hopelessError says that sending the same SMS again is of no use.
type hopelessError struct{ error }

// Permanent reports true: see wallet.Sender.
func (hopelessError) Permanent() bool { return true }

// Unwrap returns the error as the link gave it.
func (e hopelessError) Unwrap() error { return e.error }

// marked marks the errors of an SMS that can never be sent: one that is too long, and what a
// message centre says of the SMS itself, not of the moment.
func marked(err error) error {
	var refused *smsc.StatusError
	switch {
	case errors.Is(err, smsc.ErrSMSTooLong):
		return hopelessError{err}
	case !errors.As(err, &refused):
		return err
	}
	switch refused.Status {
	case pdu.StatusInvalidDestination, pdu.StatusInvalidSource, pdu.StatusInvalidMessageLength:
		return hopelessError{err}
	}
	return err
}
