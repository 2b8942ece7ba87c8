package ussd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"ussdgw/smsc/dialect"
	"ussdgw/smsc/pdu"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

const (
	// respondWithin is when a deliver_sm is answered at the latest: an SMSC that waits longer
	// delivers it again.
	respondWithin = time.Second
	// submitWithin bounds the submit of a reply, pauses for a throttling SMSC included.
	submitWithin = 10 * time.Second
	// submitPause is the pause before a submit that was not taken is sent again; each is twice as
	// long as the one before, up to submitPauseMax.
	submitPause    = 300 * time.Millisecond
	submitPauseMax = 2 * time.Second
)

// An Exchange couples a gateway to one SMPP link: it reads requests out of deliver_sm, answers
// them, and submits the replies. It implements the link's handler.
type Exchange struct {
	link      string
	gateway   *Gateway
	dialect   dialect.Dialect
	submitter Submitter
	log       *zap.Logger
}

// NewExchange returns an Exchange for the link of that name. Its Submitter follows with Attach,
// because a link is made with its handler.
func NewExchange(link string, g *Gateway, d dialect.Dialect, log *zap.Logger) *Exchange {
	if log == nil {
		log = zap.NewNop()
	}
	return &Exchange{link: link, gateway: g, dialect: d, log: log.With(zap.String("link", link))}
}

// Attach gives the exchange its way out. Call it once, before the link runs.
func (x *Exchange) Attach(s Submitter) { x.submitter = s }

// DeliverSM takes one deliver_sm. It does not block: a step that is admitted runs in a goroutine
// of its own, one that is not is answered at once and without any effect, a dial with a screen
// that says so and an answer with ESME_RTHROTTLED, which makes the SMSC deliver it again.
func (x *Exchange) DeliverSM(sm *pdu.DeliverSM, respond func(pdu.Status)) {
	req, ind, status := x.request(sm)
	if status != pdu.StatusOK || ind.Kind == dialect.Confirm {
		respond(status)
		return
	}
	release, ok := x.gateway.Admit(req.Kind)
	if !ok {
		req.wipe()
		x.refuse(req, ind, respond)
		return
	}
	go func() {
		defer release()
		x.step(req, ind, respond)
	}()
}

// request reads what a deliver_sm says. A status other than StatusOK is what to answer instead.
func (x *Exchange) request(sm *pdu.DeliverSM) (Request, dialect.Indication, pdu.Status) {
	ind, err := x.dialect.Decode(sm)
	clear(sm.Text)
	if err != nil {
		status := pdu.StatusSystemError
		var refusal *dialect.Refusal
		if errors.As(err, &refusal) {
			status = refusal.Status
		}
		x.log.Warn("deliver_sm refused", zap.Stringer("status", status), zap.Error(err))
		return Request{}, ind, status
	}
	number, err := msisdn.Parse(ind.Source)
	if err != nil {
		clear(ind.Text)
		x.log.Warn("deliver_sm refused", zap.Error(err))
		return Request{}, ind, pdu.StatusInvalidSource
	}
	req := Request{
		Link: x.link, Number: number, Service: x.gateway.Service(),
		Dialogue: ind.Session, Unit: ind.Unit, Text: pin.NewSecret(ind.Text),
	}
	clear(ind.Text)
	if len(ind.IMSI) > 0 {
		req.IMSI = pin.NewSecret(ind.IMSI)
		clear(ind.IMSI)
	}
	if ind.BadIMSI { // it is the network's fault and none of the subscriber's
		x.log.Warn("IMSI not readable", zap.Stringer("msisdn", number))
	}
	switch ind.Kind {
	case dialect.Begin:
		req.Kind = Begin
	case dialect.Abort:
		req.Kind = Abort
	default:
		req.Kind = Input
	}
	return req, ind, pdu.StatusOK
}

// step does an admitted step to its end: response, reply, acknowledgement.
func (x *Exchange) step(req Request, ind dialect.Indication, respond func(pdu.Status)) {
	defer func() {
		if r := recover(); r != nil {
			// Only the type of what was thrown is logged: its text may hold what was typed.
			x.log.Error("exchange panicked", zap.Stringer("msisdn", req.Number),
				zap.String("type", fmt.Sprintf("%T", r)), zap.StackSkip("stack", 1))
		}
	}()
	// A stop of the process does not cancel a step: Drain waits for it.
	ctx := context.Background()
	var once sync.Once
	answered := func() { once.Do(func() { respond(pdu.StatusOK) }) }
	late := time.AfterFunc(respondWithin, answered)
	reply := x.gateway.Step(ctx, req)
	late.Stop()
	answered()
	if reply.Kind != None {
		x.reply(ctx, req, ind.Peer, reply)
	}
}

// refuse answers a request that was not admitted. It is called on the link's loop, so the busy
// screen is submitted from a goroutine, of which there are at most Config.MaxSteps.
func (x *Exchange) refuse(req Request, ind dialect.Indication, respond func(pdu.Status)) {
	var release func()
	ok := req.Kind == Begin
	if ok {
		release, ok = x.gateway.admitBusy()
	}
	if !ok {
		x.gateway.cfg.Metrics.Step(req.Kind.String(), "throttled", 0)
		respond(pdu.StatusThrottled)
		return
	}
	x.gateway.cfg.Metrics.Step(req.Kind.String(), "busy", 0)
	respond(pdu.StatusOK)
	go func() {
		defer release()
		x.reply(context.Background(), req, ind.Peer, x.gateway.Busy(req.Number))
	}()
}

// reply submits a reply and records its fate.
func (x *Exchange) reply(ctx context.Context, req Request, peer dialect.Peer, r Reply) {
	sm, err := x.dialect.Encode(peer, r.Text, r.Kind == End)
	if err != nil {
		x.log.Error("reply not encoded", zap.String("state", r.State), zap.Error(err))
		return
	}
	ctx, cancel := context.WithTimeout(ctx, submitWithin)
	defer cancel()
	err = x.submit(ctx, sm)
	var refused interface{ CommandStatus() uint32 }
	switch {
	case err == nil:
		x.gateway.cfg.Metrics.Submit("delivered")
		x.gateway.Acknowledge(context.WithoutCancel(ctx), req, r, true)
	case errors.As(err, &refused):
		x.gateway.cfg.Metrics.Submit("refused")
		x.log.Info("dialogue is dead", zap.Stringer("msisdn", req.Number), zap.Error(err))
		x.gateway.Acknowledge(context.WithoutCancel(ctx), req, r, false)
	case notSent(err):
		x.gateway.cfg.Metrics.Submit("not_sent")
		x.log.Warn("reply not sent", zap.Stringer("msisdn", req.Number), zap.Error(err))
	default:
		x.gateway.cfg.Metrics.Submit("unknown")
		x.log.Warn("reply unanswered", zap.Stringer("msisdn", req.Number), zap.Error(err))
	}
}

// submit sends sm until it was taken, refused for good, or its fate is unknown.
func (x *Exchange) submit(ctx context.Context, sm *pdu.SubmitSM) error {
	for pause := submitPause; ; pause = min(2*pause, submitPauseMax) {
		_, err := x.submitter.Submit(ctx, sm)
		if err == nil || (!notSent(err) && !throttled(err)) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("ussd: submit: given up: %w", err)
		case <-time.After(pause):
		}
	}
}

func notSent(err error) bool {
	var e interface{ NotSent() bool }
	return errors.As(err, &e) && e.NotSent()
}

// throttled reports whether the SMSC asked to slow down (SMPP v3.4 §5.1.3).
func throttled(err error) bool {
	var e interface{ CommandStatus() uint32 }
	if !errors.As(err, &e) {
		return false
	}
	s := pdu.Status(e.CommandStatus())
	return s == pdu.StatusThrottled || s == pdu.StatusMessageQueueFull
}
