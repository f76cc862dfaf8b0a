package newsroom

import (
	"embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// grammarFiles hold all that the newsrooms can say. A file is made of sections
// ("== frame NAME TOPIC", "== pool TOPIC", "== narrative ID", "== table NAME");
// all but tables are made of sentences by role ("-- title"), and a sentence has
// one line for each language that knows it ("en ...").
//
//go:embed grammar/*.txt
var grammarFiles embed.FS

// A tongue is a language as an index.
type tongue int

const (
	ru tongue = iota
	zh
	en
	es
	tongues = iota
)

var tongueCodes = [tongues]string{"ru", "zh", "en", "es"}

func (t tongue) String() string { return tongueCodes[t] }

func tongueOf(code string) (tongue, bool) {
	i := slices.Index(tongueCodes[:], code)
	return tongue(i), i >= 0
}

// A sentence is one thing to say, in every language that can say it.
type sentence struct {
	text   [tongues]pattern // nil where the language has none
	stance string           // of a narrative's sentence
}

func (s *sentence) in(t tongue) bool { return s.text[t] != nil }

// A frame is a sort of event.
type frame struct {
	name, topic       string
	title, lead, body []*sentence
}

// in reports whether the event can be told in a language.
func (f *frame) in(t tongue) bool { return f.lead[0].in(t) }

// A pool holds what fits any event of a topic.
type pool struct{ quote, background []*sentence }

// A claim is a narrative with its sentences by stance.
type claim struct {
	id       string
	byStance map[string][]*sentence
}

// A row is an entry of a table: its forms in each language.
type row struct {
	forms [tongues][]form
	names string // of a country: which people live there
	woman bool   // of a first name
}

// A form is a word with its form for a woman.
type form struct{ man, woman string }

type grammar struct {
	frames []*frame
	pools  map[string]*pool
	claims []*claim
	tables map[string][]row
}

// theGrammar reads the embedded grammar. A mistake in it is ours.
var theGrammar = sync.OnceValue(func() *grammar {
	g := &grammar{pools: map[string]*pool{}, tables: map[string][]row{}}
	for _, name := range []string{"tables.txt", "quotes.txt", "frames.txt", "pools.txt", "narratives.txt"} {
		text, err := grammarFiles.ReadFile("grammar/" + name)
		if err == nil {
			err = g.read(string(text))
		}
		if err != nil {
			panic(fmt.Sprintf("newsroom: grammar %s: %v", name, err))
		}
	}
	return g
})

// read adds a file.
func (g *grammar) read(text string) error {
	var (
		add func(role string) (*sentence, error) // begins a sentence of the section
		tab string                               // the table we are in
		cur *sentence
	)
	for i, line := range strings.Split(text, "\n") {
		var err error
		switch line = strings.TrimSpace(line); {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "== "):
			add, tab, err = g.section(strings.Fields(line[3:]))
			cur = nil
		case strings.HasPrefix(line, "-- ") && add != nil:
			cur, err = add(line[3:])
		case tab != "":
			var r row
			r, err = readRow(line)
			g.tables[tab] = append(g.tables[tab], r)
		case cur != nil:
			err = cur.read(line)
		default:
			err = fmt.Errorf("%q belongs to nothing", line)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return nil
}

// section begins a section: it gives what begins a sentence in it, or the name
// of the table.
func (g *grammar) section(head []string) (add func(string) (*sentence, error), table string, err error) {
	switch {
	case len(head) == 3 && head[0] == "frame":
		f := &frame{name: head[1], topic: head[2]}
		g.frames = append(g.frames, f)
		return adder(map[string]*[]*sentence{"title": &f.title, "lead": &f.lead, "body": &f.body}), "", nil
	case len(head) == 2 && head[0] == "pool":
		p := &pool{}
		g.pools[head[1]] = p
		return adder(map[string]*[]*sentence{"quote": &p.quote, "background": &p.background}), "", nil
	case len(head) == 2 && head[0] == "narrative":
		c := &claim{id: head[1], byStance: map[string][]*sentence{}}
		g.claims = append(g.claims, c)
		return func(stance string) (*sentence, error) {
			s := &sentence{stance: stance}
			c.byStance[stance] = append(c.byStance[stance], s)
			return s, nil
		}, "", nil
	case len(head) == 2 && head[0] == "table":
		return nil, head[1], nil
	}
	return nil, "", fmt.Errorf("unknown section %q", head)
}

// adder gives what begins a sentence in one of some lists, by role.
func adder(roles map[string]*[]*sentence) func(string) (*sentence, error) {
	return func(role string) (*sentence, error) {
		list, ok := roles[role]
		if !ok {
			return nil, fmt.Errorf("unknown role %q", role)
		}
		s := &sentence{}
		*list = append(*list, s)
		return s, nil
	}
}

// read adds the sentence in one language.
func (s *sentence) read(line string) error {
	code, text, _ := strings.Cut(line, " ")
	t, ok := tongueOf(code)
	if !ok {
		return fmt.Errorf("unknown language %q", code)
	}
	tm, rest, err := readPattern(text)
	if err == nil && rest != "" {
		err = fmt.Errorf("%q is left over", rest)
	}
	s.text[t] = tm
	return err
}

// readRow reads an entry of a table.
func readRow(line string) (row, error) {
	var r row
	for _, field := range strings.Split(line, " ; ") {
		key, value, _ := strings.Cut(field, " ")
		t, ok := tongueOf(key)
		switch {
		case ok:
			for _, f := range strings.Split(value, "|") {
				man, woman, split := strings.Cut(f, "~")
				if !split {
					woman = man
				}
				r.forms[t] = append(r.forms[t], form{man, woman})
			}
		case key == "names":
			r.names = value
		case key == "sex":
			r.woman = value == "f"
		default:
			return r, fmt.Errorf("unknown key %q", key)
		}
	}
	for t := range tongues {
		if r.forms[t] == nil {
			return r, fmt.Errorf("no form in %s", tongueCodes[t])
		}
	}
	return r, nil
}

// A pattern is a sentence to be filled.
type pattern []part

// A part is a literal, a slot, or a choice between patterns.
type part struct {
	literal string
	slot    *slot
	choice  []pattern
}

// A slot is a fact to be put in: "{city1.pre}" is the table city, number 1,
// form 2; "{p1?а}" is written if person 1 is a woman.
type slot struct {
	sort     string
	number   int
	form     int
	woman    string
	gendered bool
}

// formNames are the Russian cases; other languages have one form.
var formNames = map[string]int{"": 0, "gen": 1, "pre": 2}

// readPattern reads up to the end, or up to a "|" or "]" that is not its own.
func readPattern(s string) (t pattern, rest string, err error) {
	for s != "" {
		i := strings.IndexAny(s, "{[|]")
		if i < 0 {
			return append(t, part{literal: s}), "", nil
		}
		if i > 0 {
			t = append(t, part{literal: s[:i]})
		}
		switch s[i] {
		case '|', ']':
			return t, s[i:], nil
		case '{':
			end := strings.IndexByte(s[i:], '}')
			if end < 0 {
				return nil, "", fmt.Errorf("%q has no end", s[i:])
			}
			sl, err := readSlot(s[i+1 : i+end])
			if err != nil {
				return nil, "", err
			}
			t, s = append(t, part{slot: sl}), s[i+end+1:]
		case '[':
			var p part
			for s = s[i:]; s != "" && s[0] != ']'; {
				var option pattern
				if option, s, err = readPattern(s[1:]); err != nil {
					return nil, "", err
				}
				p.choice = append(p.choice, option)
			}
			if s == "" {
				return nil, "", errors.New("a choice has no end")
			}
			t, s = append(t, p), s[1:]
		}
	}
	return t, "", nil
}

// readSlot reads what stands between braces.
func readSlot(s string) (*slot, error) {
	name, woman, gendered := strings.Cut(s, "?")
	name, formName, _ := strings.Cut(name, ".")
	sort := strings.TrimRight(name, "0123456789")
	f, ok := formNames[formName]
	if !ok {
		return nil, fmt.Errorf("{%s}: unknown form %q", s, formName)
	}
	number := 0
	if len(sort) < len(name) {
		number, _ = strconv.Atoi(name[len(sort):])
	}
	switch sort {
	case "c", "city", "firm", "goods", "team", "river", "role", "p", "qa", "qb",
		"n", "h", "k", "min", "pct", "share", "tenth", "bn", "day", "soon":
		return &slot{sort, number, f, woman, gendered}, nil
	}
	return nil, fmt.Errorf("{%s}: unknown sort %q", s, sort)
}

// A line is a sentence of one text: with the facts that fill it and the
// wording that was chosen.
type line struct {
	*sentence
	facts   uint64 // seed of the facts: the same seed gives the same facts in every language
	wording uint64 // seed of the choices
	day     int64  // of the event, in days since 1970
	claim   *claim // the narrative it carries, or nil
}

// write renders a line in a language that has it.
func (l line) write(g *grammar, t tongue) string {
	var b strings.Builder
	w := writer{g: g, line: l, tongue: t, out: &b}
	w.write(l.text[t])
	return capital(b.String())
}

// capital makes the first letter a capital one.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// A writer fills one line in one language.
type writer struct {
	g *grammar
	line
	tongue  tongue
	out     *strings.Builder
	choices uint64 // made so far
}

func (w *writer) write(t pattern) {
	for _, p := range t {
		switch {
		case p.choice != nil:
			w.choices++
			w.write(p.choice[mix(w.wording, w.choices, uint64(w.tongue))%uint64(len(p.choice))])
		case p.slot != nil:
			w.out.WriteString(w.fill(p.slot))
		default:
			w.out.WriteString(p.literal)
		}
	}
}

// fill gives a slot's value.
func (w *writer) fill(s *slot) string {
	if s.gendered {
		if w.person(s.number).woman {
			return s.woman
		}
		return ""
	}
	h := w.fact(s.sort, s.number)
	switch s.sort {
	case "n":
		return integer(w.tongue, smallNumbers[h%uint64(len(smallNumbers))])
	case "h":
		return integer(w.tongue, roundly(100+int(h%890)))
	case "k":
		return integer(w.tongue, 1100+10*int(h%9680))
	case "min":
		return strconv.Itoa(1 + int(h%90))
	case "pct":
		return decimal(w.tongue, 11+int(h%380)) + "%"
	case "share":
		return decimal(w.tongue, 380+int(h%540)) + "%"
	case "tenth":
		return decimal(w.tongue, 11+int(h%48)) + "%"
	case "bn":
		return billions(w.tongue, 11+int(h%880))
	case "day":
		return weekday(w.tongue, dayTime(w.day).Weekday())
	case "soon":
		return date(w.tongue, dayTime(w.day+3+int64(h%18)))
	case "p":
		return w.person(s.number).name(w.tongue)
	case "role":
		rows := w.g.tables["role"]
		f := rows[h%uint64(len(rows))].forms[w.tongue][0]
		if w.person(s.number).woman {
			return f.woman
		}
		return f.man
	}
	forms := w.row(s.sort, s.number).forms[w.tongue]
	return forms[min(s.form, len(forms)-1)].man
}

// fact is a number that depends only on the facts and the slot.
func (w *writer) fact(sort string, number int) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(sort) {
		h = (h ^ uint64(sort[i])) * 1099511628211
	}
	return mix(w.facts, h, uint64(number))
}

// row picks from a table; numbers of the same ten get different rows.
func (w *writer) row(table string, number int) *row {
	rows := w.g.tables[table]
	var taken [10]int
	for n := number - number%10; ; n++ {
		i := int(w.fact(table, n) % uint64(len(rows)))
		for slices.Contains(taken[:n%10], i) {
			i = (i + 1) % len(rows)
		}
		if n == number {
			return &rows[i]
		}
		taken[n%10] = i
	}
}

// A person is a first and a last name from one table.
type person struct {
	first, last *row
	woman       bool
	chinese     bool
}

// person makes up person number n, a citizen of country number n.
func (w *writer) person(n int) person {
	people := w.row("c", n).names
	first, last := w.g.tables["first-"+people], w.g.tables["last-"+people]
	f := &first[w.fact("first", n)%uint64(len(first))]
	return person{f, &last[w.fact("last", n)%uint64(len(last))], f.woman, people == "cn"}
}

// name is the full name as a language writes it.
func (p person) name(t tongue) string {
	first, last := p.first.forms[t][0].man, p.last.forms[t][0].man
	if p.woman {
		last = p.last.forms[t][0].woman
	}
	switch {
	case p.chinese && t == zh:
		return last + first
	case p.chinese:
		return last + " " + first
	case t == zh:
		return first + "·" + last
	}
	return first + " " + last
}

// smallNumbers are those that take the genitive plural in Russian, so that the
// sentences need no agreement.
var smallNumbers = []int{5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 25, 26, 27, 28, 29, 30}

// roundly moves a number up to the next that takes the genitive plural.
func roundly(n int) int {
	if d := n % 10; d >= 1 && d <= 4 && n/10%10 != 1 {
		return n + 5 - d
	}
	return n
}

func integer(t tongue, n int) string {
	s := strconv.Itoa(n)
	if len(s) < 4 || t == zh {
		return s
	}
	sep := map[tongue]string{ru: "\u00a0", en: ",", es: "."}[t]
	return s[:len(s)-3] + sep + s[len(s)-3:]
}

// decimal writes tenths: 47 is "4.7" or "4,7".
func decimal(t tongue, tenths int) string {
	sep := ","
	if t == en || t == zh {
		sep = "."
	}
	if tenths%10 == 0 {
		return strconv.Itoa(tenths / 10)
	}
	return strconv.Itoa(tenths/10) + sep + strconv.Itoa(tenths%10)
}

// billions writes tenths of a billion, in the words of the language.
func billions(t tongue, tenths int) string {
	switch t {
	case ru:
		return decimal(t, tenths) + "\u00a0млрд"
	case zh:
		return strconv.Itoa(tenths) + "亿"
	case es:
		return integer(t, tenths*100) + " millones"
	}
	return decimal(t, tenths) + " billion"
}

func dayTime(day int64) time.Time { return time.Unix(day*86400, 0).UTC() }

var weekdays = [tongues][7]string{
	ru: {"в воскресенье", "в понедельник", "во вторник", "в среду", "в четверг", "в пятницу", "в субботу"},
	zh: {"星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"},
	en: {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
	es: {"el domingo", "el lunes", "el martes", "el miércoles", "el jueves", "el viernes", "el sábado"},
}

var months = [tongues][12]string{
	ru: {"января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря"},
	en: {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
	es: {"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"},
}

func weekday(t tongue, d time.Weekday) string { return weekdays[t][d] }

// date writes a day of the year.
func date(t tongue, d time.Time) string {
	day := strconv.Itoa(d.Day())
	switch t {
	case ru:
		return day + " " + months[ru][d.Month()-1]
	case zh:
		return strconv.Itoa(int(d.Month())) + "月" + day + "日"
	case es:
		return day + " de " + months[es][d.Month()-1]
	}
	return months[en][d.Month()-1] + " " + day
}

// mix hashes numbers into one (the finalizer of SplitMix64, Steele et al. 2014).
func mix(numbers ...uint64) uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, n := range numbers {
		h += n + 0x9e3779b97f4a7c15
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	return h
}
