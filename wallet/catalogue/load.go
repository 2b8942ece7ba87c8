package catalogue

import (
	"cmp"
	"io/fs"
	"slices"
	"strconv"

	"ussdgw/menus/source"
	"ussdgw/wallet/money"
)

// Schema is the value of the key `schema` in files that belong to a catalogue. Files with another
// are not looked at.
const Schema = "ussd.catalogue/v1"

// Load reads the catalogue in the root folder of fsys. Its parts may be spread over any number of
// files, each part in one of them. All findings go to r. Load returns nil when r failed, whether
// here or before.
func Load(fsys fs.FS, r *source.Report) *Catalogue {
	l := &loader{
		r: r, kinds: map[string]Field{}, ids: map[string]source.Pos{},
		topUps: map[string]*source.Node{},
	}
	files, whole := source.Load(fsys, r)
	if !whole {
		return nil // what is missing may be in a file that was left out
	}
	parts := l.parts(files)
	if parts == nil {
		return nil
	}
	l.languages(parts["languages"])
	c := &Catalogue{
		Languages: l.langs,
		Limits:    l.limits(parts["limits"]),
		Networks:  l.networks(parts["networks"]),
		providers: map[string]Provider{},
	}
	c.Operations = l.operations(parts["operations"], c.Limits)
	l.accounts(parts["accounts"])
	c.Categories = l.categories(parts["categories"])
	for _, category := range c.Categories {
		for _, p := range category.Providers {
			c.providers[p.ID] = p
		}
	}
	for _, network := range c.Networks {
		if n := l.topUps[network.ID]; n != nil {
			l.topUp(c, network, n)
		}
	}
	if r.Failed() {
		return nil
	}
	return c
}

// A loader is the state of one Load.
type loader struct {
	r     *source.Report
	langs []string
	kinds map[string]Field      // of accounts
	ids   map[string]source.Pos // of the providers so far

	topUps map[string]*source.Node // what networks say of their top-up, by network
}

// parts returns the parts of the catalogue by their keys, or nil when no file has the schema.
func (l *loader) parts(files []*source.File) map[string]*source.Node {
	known := []string{
		"languages", "accounts", "categories", "limits", "operations", "networks",
	}
	parts := map[string]*source.Node{}
	last := source.Pos{File: "."}
	for _, f := range files {
		if f.Root.Field("schema").Scalar() != Schema {
			continue
		}
		last = source.Pos{File: f.Name, Line: 1, Col: 1}
		object := f.Root.Object(l.r, "a catalogue file", append([]string{"schema"}, known...)...)
		for _, key := range known {
			switch n := object[key]; {
			case n == nil:
			case parts[key] != nil:
				l.r.Errorf(n.Place(), CodeSection, "%s are in %s already", key, parts[key].Place())
			default:
				parts[key] = n
			}
		}
	}
	for _, key := range known {
		if n := parts[key]; n == nil || len(n.Fields())+len(n.Items()) == 0 {
			at := last
			if n != nil {
				at = n.Place()
			}
			l.r.Errorf(at, CodeSection, "the catalogue has no %s", key)
		}
	}
	if last.Line == 0 {
		return nil
	}
	return parts
}

func (l *loader) languages(n *source.Node) {
	for _, item := range n.Items() {
		lang := item.Scalar()
		if !idPattern.MatchString(lang) || slices.Contains(l.langs, lang) {
			l.r.Errorf(item.Place(), CodeLanguage, "%q is no language, or is listed twice", lang)
			continue
		}
		l.langs = append(l.langs, lang)
	}
}

func (l *loader) categories(n *source.Node) []Category {
	var categories []Category
	ids, numbers := map[string]source.Pos{}, map[int]source.Pos{}
	for _, item := range n.Items() {
		object := l.object(item, "a category", "id", "number", "name", "providers")
		category := Category{
			ID:     l.uniqueID(object["id"], "a category", ids),
			Number: l.number(object["number"], numbers),
			Name:   l.text(object["name"], "the name", MaxName),
		}
		taken := map[int]source.Pos{}
		for _, p := range object["providers"].Items() {
			category.Providers = append(category.Providers, l.provider(p, taken))
		}
		if at := object["providers"]; at != nil && len(category.Providers) == 0 {
			l.r.Errorf(at.Place(), CodeMissing, "the category has no providers")
		}
		slices.SortFunc(category.Providers, func(a, b Provider) int {
			return cmp.Compare(a.Number, b.Number)
		})
		categories = append(categories, category)
	}
	slices.SortFunc(categories, func(a, b Category) int { return cmp.Compare(a.Number, b.Number) })
	return categories
}

func (l *loader) provider(n *source.Node, numbers map[int]source.Pos) Provider {
	object := l.optional(n, "a provider", []string{"stopped", "promoted", "biller", "check"},
		"id", "number", "name", "fields", "amount", "fee", "settlement")
	p := Provider{
		ID:      l.uniqueID(object["id"], "a provider", l.ids),
		Number:  l.number(object["number"], numbers),
		Name:    l.text(object["name"], "the name", MaxName),
		Fields:  l.fields(object["fields"]),
		Stopped: l.yes(object["stopped"]),

		Promoted: l.yes(object["promoted"]),
	}
	p.Min, p.Max = l.bounds(object["amount"])
	if n := object["fee"]; n != nil {
		p.Fee = l.fee(n)
		l.share(n, p)
	}
	l.settlement(object, &p)
	return p
}

// share refuses a fee that leaves the provider nothing of its smallest payment. Of a larger one it
// leaves no less, because no fee grows faster than the amount.
func (l *loader) share(n *source.Node, p Provider) {
	fee, err := p.Fee.Of(max(p.Min, 0))
	if p.Fee.Payer == PayerProvider && p.Min > 0 && (err != nil || fee >= p.Min) {
		l.r.Errorf(n.Place(), CodePayer, "of a payment of %s som the provider pays a fee of %s",
			p.Min.Short(), fee.Short())
		l.r.Help("raise the smallest payment, or lower the fee")
	}
}

// settlement reads how a provider learns of payments, and from whom.
func (l *loader) settlement(object map[string]*source.Node, p *Provider) {
	n := object["settlement"]
	if n == nil {
		return
	}
	p.Settlement, p.Biller = n.Scalar(), object["biller"].Scalar()
	p.Check = l.yes(object["check"])
	if p.Settlement != SettlementRegistry && p.Settlement != SettlementBiller {
		l.r.Errorf(n.Place(), CodeSettlement, "no settlement is called %q", p.Settlement)
		l.r.Help("known here: %s, %s", SettlementRegistry, SettlementBiller)
		return
	}
	billed := p.Settlement == SettlementBiller
	switch {
	case billed && object["biller"] == nil:
		l.r.Errorf(n.Place(), CodeBiller, "the provider does not say which biller takes its payments")
		l.r.Help("biller: NAME, as in billers of the configuration")
	case billed:
		l.id(p.Biller, object["biller"].Place(), "a biller")
	case object["biller"] != nil:
		l.r.Errorf(object["biller"].Place(), CodeBiller, "a provider with a registry has no biller")
		l.r.Help("settlement: %q", SettlementBiller)
	case p.Check:
		l.r.Errorf(object["check"].Place(), CodeBiller, "nobody can be asked whose account it is")
		l.r.Help("only a provider with a biller has check: yes")
	}
}

// fee reads a fee. A percentage has two decimals as an amount has, so its hundredths are basis
// points.
func (l *loader) fee(n *source.Node) Fee {
	object := l.optional(n, "a fee", []string{"percent", "fixed", "min", "max", "payer"})
	read := func(key string) money.Amount {
		a, ok := l.amount(object[key], CodeFee)
		if ok && a == 0 && key == "max" {
			l.r.Errorf(object[key].Place(), CodeFee, "the largest fee must be above 0")
			l.r.Help("without max there is no such bound")
		}
		return a
	}
	fee := Fee{
		Fixed:       read("fixed"),
		BasisPoints: int64(read("percent")),
		Min:         read("min"),
		Max:         read("max"),
		Payer:       PayerCustomer,
	}
	if n := object["payer"]; n != nil {
		fee.Payer = n.Scalar()
		if fee.Payer != PayerCustomer && fee.Payer != PayerProvider {
			l.r.Errorf(n.Place(), CodePayer, "%q pays no fees", fee.Payer)
			l.r.Help("known here: %s, %s", PayerCustomer, PayerProvider)
		}
	}
	if fee.BasisPoints > money.MaxBasisPoints {
		l.r.Errorf(object["percent"].Place(), CodeFee, "a fee is at most 100 percent")
	}
	if fee.Max > 0 && fee.Min > fee.Max {
		l.r.Errorf(object["max"].Place(), CodeFee, "the largest fee %s is below the smallest %s",
			fee.Max.Short(), fee.Min.Short())
	}
	return fee
}

// number reads the key that a subscriber types and keeps its place in taken.
func (l *loader) number(n *source.Node, taken map[int]source.Pos) int {
	if n == nil {
		return 0
	}
	text := n.Scalar()
	number, err := strconv.Atoi(text)
	if err != nil || strconv.Itoa(number) != text || number < 1 || number > MaxNumber {
		l.r.Errorf(n.Place(), CodeNumber, "%q is no number from 1 to %d", text, MaxNumber)
		return 0
	}
	if at, ok := taken[number]; ok {
		l.r.Errorf(n.Place(), CodeNumber, "the number %d is taken at %s", number, at)
		return number
	}
	taken[number] = n.Place()
	return number
}
