package pdu

import "fmt"

// A Status is a command_status: what a response says of its request.
type Status uint32

// The statuses that this project answers with or tells apart. SMSCs add vendor codes above 0x400.
const (
	StatusOK                   Status = 0x00
	StatusInvalidMessageLength Status = 0x01
	StatusInvalidCommandLength Status = 0x02
	StatusInvalidCommandID     Status = 0x03
	StatusInvalidBindStatus    Status = 0x04
	StatusAlreadyBound         Status = 0x05
	StatusSystemError          Status = 0x08
	StatusInvalidSource        Status = 0x0A
	StatusInvalidDestination   Status = 0x0B
	StatusBindFailed           Status = 0x0D
	StatusInvalidPassword      Status = 0x0E
	StatusInvalidSystemID      Status = 0x0F
	StatusMessageQueueFull     Status = 0x14
	StatusInvalidServiceType   Status = 0x15
	StatusInvalidESMClass      Status = 0x43
	StatusSubmitFailed         Status = 0x45
	StatusThrottled            Status = 0x58
	StatusInvalidSchedule      Status = 0x61
	StatusInvalidExpiry        Status = 0x62
	StatusAppTemporary         Status = 0x64 // the SMSC may deliver again
	StatusAppPermanent         Status = 0x65
	StatusAppRejected          Status = 0x66
	StatusInvalidTLVStream     Status = 0xC0
	StatusTLVNotAllowed        Status = 0xC1
	StatusInvalidTLVLength     Status = 0xC2
	StatusMissingTLV           Status = 0xC3
	StatusInvalidTLVValue      Status = 0xC4
	StatusDeliveryFailure      Status = 0xFE
	StatusUnknownError         Status = 0xFF
)

// String returns the specification's name, such as "ESME_RTHROTTLED", or the number.
func (s Status) String() string {
	if name := s.name(); name != "" {
		return name
	}
	return fmt.Sprintf("Status(0x%08X)", uint32(s))
}

// Label is String for a metric: every status without a name is "other", so that an SMSC cannot
// make up labels without end.
func (s Status) Label() string {
	if name := s.name(); name != "" {
		return name
	}
	return "other"
}

func (s Status) name() string {
	switch s {
	case StatusOK:
		return "ESME_ROK"
	case StatusInvalidMessageLength:
		return "ESME_RINVMSGLEN"
	case StatusInvalidCommandLength:
		return "ESME_RINVCMDLEN"
	case StatusInvalidCommandID:
		return "ESME_RINVCMDID"
	case StatusInvalidBindStatus:
		return "ESME_RINVBNDSTS"
	case StatusAlreadyBound:
		return "ESME_RALYBND"
	case StatusSystemError:
		return "ESME_RSYSERR"
	case StatusInvalidSource:
		return "ESME_RINVSRCADR"
	case StatusInvalidDestination:
		return "ESME_RINVDSTADR"
	case StatusBindFailed:
		return "ESME_RBINDFAIL"
	case StatusInvalidPassword:
		return "ESME_RINVPASWD"
	case StatusInvalidSystemID:
		return "ESME_RINVSYSID"
	case StatusMessageQueueFull:
		return "ESME_RMSGQFUL"
	case StatusInvalidServiceType:
		return "ESME_RINVSERTYP"
	case StatusInvalidESMClass:
		return "ESME_RINVESMCLASS"
	case StatusSubmitFailed:
		return "ESME_RSUBMITFAIL"
	case StatusThrottled:
		return "ESME_RTHROTTLED"
	case StatusInvalidSchedule:
		return "ESME_RINVSCHED"
	case StatusInvalidExpiry:
		return "ESME_RINVEXPIRY"
	case StatusAppTemporary:
		return "ESME_RX_T_APPN"
	case StatusAppPermanent:
		return "ESME_RX_P_APPN"
	case StatusAppRejected:
		return "ESME_RX_R_APPN"
	case StatusInvalidTLVStream:
		return "ESME_RINVOPTPARSTREAM"
	case StatusTLVNotAllowed:
		return "ESME_ROPTPARNOTALLWD"
	case StatusInvalidTLVLength:
		return "ESME_RINVPARLEN"
	case StatusMissingTLV:
		return "ESME_RMISSINGOPTPARAM"
	case StatusInvalidTLVValue:
		return "ESME_RINVOPTPARAMVAL"
	case StatusDeliveryFailure:
		return "ESME_RDELIVERYFAILURE"
	case StatusUnknownError:
		return "ESME_RUNKNOWNERR"
	}
	return ""
}
