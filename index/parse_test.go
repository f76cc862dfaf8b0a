package index_test

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"chorus/index"
)

func word(s string) index.Query { return index.Text{Value: s} }

func TestParse(t *testing.T) {
	f := func(name, value string) index.Query { return index.Field{Name: name, Value: value} }
	cases := []struct {
		in   string
		want index.Query
	}{
		{"", index.All{}},
		{"  *  ", index.All{}},
		{"nato", word("nato")},
		{"NATO expansion", index.And{word("NATO"), word("expansion")}},
		{"NATO AND expansion", index.And{word("NATO"), word("expansion")}},
		{"a b OR c", index.Or{index.And{word("a"), word("b")}, word("c")}},
		{"a (b OR c)", index.And{word("a"), index.Or{word("b"), word("c")}}},
		{"a AND (b AND (c))", index.And{word("a"), word("b"), word("c")}},
		{"a or b", index.And{word("a"), word("or"), word("b")}},
		{`"rules-based order"`, word("rules-based order")},
		{`"say \"no\""`, word(`say "no"`)},
		{"«однополярный мир»", word("однополярный мир")},
		{"“冷战思维” 北约", index.And{word("冷战思维"), word("北约")}},
		{"（北约 OR 欧盟）", index.Or{word("北约"), word("欧盟")}},
		{"bloc：ru，cn", index.Or{f("bloc", "RU"), f("bloc", "CN")}},
		{"-summit", index.Not{word("summit")}},
		{"a NOT b", index.And{word("a"), index.Not{word("b")}}},
		{"a -(b c)", index.And{word("a"), index.Not{index.And{word("b"), word("c")}}}},
		{"NOT NOT a", word("a")},
		{"NATO — Russia", index.And{word("NATO"), word("Russia")}},
		{"(nato), really?", index.And{word("nato"), word("really")}},
		{"12:30 covid-19", index.And{word("12:30"), word("covid-19")}},
		{"enlarg*", index.Text{Value: "enlarg", Prefix: true}},
		{"北*", index.Text{Value: "北", Prefix: true}},
		{"北约＊", index.Text{Value: "北约", Prefix: true}},
		{`"north atlan"*`, index.Text{Value: "north atlan", Prefix: true}},
		{"title:enlarg*", index.Text{In: "title", Value: "enlarg", Prefix: true}},
		{`author:"Ivan Petrov"`, index.Text{In: "author", Value: "Ivan Petrov"}},
		{"title:(nato -summit)", index.And{index.Text{In: "title", Value: "nato"}, index.Not{index.Text{In: "title", Value: "summit"}}}},
		{"OUTLET:TASS", f("outlet", "tass")},
		{"outlet:(tass OR ria)", index.Or{f("outlet", "tass"), f("outlet", "ria")}},
		{"outlet:(tass, ria) x", index.And{index.Or{f("outlet", "tass"), f("outlet", "ria")}, word("x")}},
		{"-bloc:RU,CN", index.Not{index.Or{f("bloc", "RU"), f("bloc", "CN")}}},
		{"lang:zh-CN country:ru group:a", index.And{f("lang", "zh"), f("country", "RU"), f("group", "A")}},
		{"Stance:Asserts", f("stance", "asserts")},
		{"after:2024-03 before:7D", index.And{f("after", "2024-03"), f("before", "7d")}},
		{"after:2024-03-15t10:00:00z", f("after", "2024-03-15T10:00:00Z")},
		{"nato is:old", index.And{word("nato"), f("is", "old")}},
		{"nato nato", word("nato")},
		{"* nato", word("nato")},
	}
	for _, c := range cases {
		got, err := index.Parse(c.in)
		if err != nil {
			t.Errorf("Parse(%q): %v", c.in, err)
			continue
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("Parse(%q) = %#v, want %#v", c.in, got, c.want)
		}
		again, err := index.Parse(got.String())
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("Parse(%q), printed by Parse(%q), = %#v, %v; want %#v", got.String(), c.in, again, err, got)
		}
	}
}

func TestParseSaysWhatIsWrongAndWhere(t *testing.T) {
	cases := []struct{ in, want string }{
		{"nato outlt:tass", `column 6: unknown field "outlt": did you mean outlet?`},
		{`北约 "冷战`, "column 4: this quote is not closed"},
		{"a (b OR c", "column 3: this parenthesis is not closed"},
		{"a b) c", "column 4: this parenthesis was never opened"},
		{"()", "column 1: there is nothing between these parentheses"},
		{"a AND", "column 3: AND needs something on both sides"},
		{"AND a", "column 1: AND needs something on both sides"},
		{"a AND AND b", "column 3: AND needs something on both sides"},
		{"a OR", "column 3: OR needs something on both sides"},
		{"OR a", "column 1: OR needs something on both sides"},
		{"a NOT", "column 3: NOT needs something after it"},
		{"outlet:*", "column 8: outlet: takes whole values, without an asterisk"},
		{"outlet: tass", "column 1: nothing stands after outlet:"},
		{"x outlet:", "column 3: nothing stands after outlet:"},
		{"bloc:UR", `column 6: bloc: is one of RU, CN, control, not "UR"`},
		{"stance:assert", `column 8: stance: is one of asserts, reports, rebuts, not "assert": did you mean asserts?`},
		{"after:yesterday", `column 7: "yesterday" is no time: write 2024, 2024-03, 2024-03-15, 2024-03-15T10:00:00Z, or 24h, 7d, 2w, 3m, 1y for that long before now`},
		{"after:2024-02-30", `column 7: "2024-02-30" is no time: write 2024, 2024-03, 2024-03-15, 2024-03-15T10:00:00Z, or 24h, 7d, 2w, 3m, 1y for that long before now`},
		{"lang:russian", `column 6: "russian" is not a language code such as ru or zh`},
		{"na*", "column 1: an asterisk needs at least three letters before it, or one Han character"},
		{"*ation", "column 1: an asterisk can stand only at the end of a word"},
		{"на*о", "column 3: an asterisk can stand only at the end of a word"},
		{"outlet:tas*", "column 8: outlet: takes whole values, without an asterisk"},
		{"outlet:(tass ria)", "column 14: a document has only one outlet: write outlet:(a OR b)"},
		{"a OR is:old", "column 9: is:old widens the whole search: it cannot stand under OR or NOT"},
		{"is:old -is:old", "column 12: is:old widens the whole search: it cannot stand under OR or NOT"},
		{`"…"`, "column 1: there is no word between these quotes"},
		{"— !", "column 1: there is no word to search for"},
		{"a\xffb", "column 2: this is not UTF-8"},
		{strings.Repeat("(", 33) + "a" + strings.Repeat(")", 33), "column 33: parentheses and negations are nested deeper than 32"},
		{strings.Repeat("a ", 257), "column 513: the query has more than 256 words and values"},
		{strings.Repeat("a", 4097), "column 4096: the query is longer than 4096 bytes"},
	}
	for _, c := range cases {
		_, err := index.Parse(c.in)
		var syntax *index.SyntaxError
		if !errors.As(err, &syntax) || err.Error() != c.want {
			t.Errorf("Parse(%.40q): %v, want %s", c.in, err, c.want)
		} else if syntax.Input != c.in {
			t.Errorf("Parse(%.40q): Input = %q", c.in, syntax.Input)
		}
	}
}

func TestTime(t *testing.T) {
	now := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	cases := []struct{ in, want string }{
		{"2024", "2024-01-01T00:00:00Z"},
		{"2024-03", "2024-03-01T00:00:00Z"},
		{"2024-03-15", "2024-03-15T00:00:00Z"},
		{"2024-03-15T10:00:00+03:00", "2024-03-15T07:00:00Z"},
		{"24h", "2026-03-30T12:00:00Z"},
		{"7d", "2026-03-24T12:00:00Z"},
		{"2w", "2026-03-17T12:00:00Z"},
		{"1y", "2025-03-31T12:00:00Z"},
	}
	for _, c := range cases {
		got, err := index.Time(c.in, now)
		if err != nil || got.Format(time.RFC3339) != c.want {
			t.Errorf("Time(%q) = %v, %v; want %s", c.in, got, err, c.want)
		}
	}
	if got, err := index.Time("soon", now); err == nil {
		t.Errorf(`Time("soon") = %v, want an error`, got)
	}
}

func TestWithAndWithout(t *testing.T) {
	cases := []struct{ in, field, value, with, without string }{
		{"*", "outlet", "tass", "outlet:tass", "*"},
		{"nato", "bloc", "ru", "nato bloc:RU", "nato"},
		{"nato bloc:RU", "bloc", "CN", "nato bloc:RU,CN", "nato bloc:RU"},
		{"nato bloc:RU,CN", "bloc", "CN", "nato bloc:RU,CN", "nato bloc:RU"},
		{"narrative:a", "narrative", "b", "narrative:a narrative:b", "narrative:a"},
		{"after:2024", "after", "7d", "after:7d", "after:2024"},
		{"a OR outlet:tass", "outlet", "tass", "(a OR outlet:tass) outlet:tass", "a OR outlet:tass"},
		{"nato", "author", "Ivan Petrov", `nato author:"Ivan Petrov"`, "nato"},
	}
	for _, c := range cases {
		q := parse(t, c.in)
		if got := index.With(q, c.field, c.value).String(); got != c.with {
			t.Errorf("With(%s, %s, %s) = %s, want %s", c.in, c.field, c.value, got, c.with)
		}
		if got := index.Without(q, c.field, c.value).String(); got != c.without {
			t.Errorf("Without(%s, %s, %s) = %s, want %s", c.in, c.field, c.value, got, c.without)
		}
		if got := q.String(); got != parse(t, c.in).String() {
			t.Errorf("With or Without changed %s into %s", c.in, got)
		}
	}
	if got := index.Without(parse(t, "x bloc:RU,CN after:7d"), "bloc", "").String(); got != "x after:7d" {
		t.Errorf("Without all blocs = %s", got)
	}
}

func TestFilters(t *testing.T) {
	got := index.Filters(parse(t, "nato bloc:RU,CN -lang:ru (outlet:tass OR x) title:enlarg* after:7d"))
	want := []index.Field{{"bloc", "RU"}, {"bloc", "CN"}, {"title", "enlarg*"}, {"after", "7d"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Filters = %v, want %v", got, want)
	}
}

// Any query, plain or not, prints to something that reads back as its plain form.
func TestStringReadsBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		q := index.Simplify(random(r, 4))
		got, err := index.Parse(q.String())
		if err != nil {
			t.Fatalf("Parse(%s): %v; from %#v", q, err, q)
		}
		if !reflect.DeepEqual(got, q) {
			t.Fatalf("Parse(%s) = %#v, want %#v", q, got, q)
		}
		if again := index.Simplify(q); !reflect.DeepEqual(again, q) {
			t.Fatalf("Simplify(%#v) = %#v, want no change", q, again)
		}
	}
}

func random(r *rand.Rand, depth int) index.Query {
	texts := []string{"nato", "НАТО", "北约", "OR", "U.S.", `a "b" \ c`, "x:y", "-z", "don't", "t.me/x", "a＂b", "“c”"}
	fields := []index.Field{{"bloc", "RU"}, {"bloc", "CN"}, {"outlet", "tass"}, {"outlet", "a b,c"}, {"after", "2024-03-15T10:00:00Z"}, {"is", "edited"}}
	n := 7
	if depth == 0 {
		n = 4
	}
	parts := func() []index.Query {
		qs := make([]index.Query, r.IntN(4))
		for i := range qs {
			qs[i] = random(r, depth-1)
		}
		return qs
	}
	switch r.IntN(n) {
	case 0:
		return index.All{}
	case 1:
		return index.Text{In: []string{"", "title", "author"}[r.IntN(3)], Value: texts[r.IntN(len(texts))]}
	case 2:
		return index.Text{Value: []string{"enlarg", "北", "two words"}[r.IntN(3)], Prefix: true}
	case 3:
		return fields[r.IntN(len(fields))]
	case 4:
		return index.And(parts())
	case 5:
		return index.Or(parts())
	}
	return index.Not{Query: random(r, depth-1)}
}

func parse(t *testing.T, s string) index.Query {
	t.Helper()
	q, err := index.Parse(s)
	if err != nil {
		t.Fatalf("Parse(%q): %v", s, err)
	}
	return q
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "*", `a "b c" OR -d`, "outlet:(tass OR ria) bloc:RU,CN", "（北约 OR “冷战”）", "enlarg* 北*", "after:2024-03 before:7d",
		`"a\"b"*`, "is:old a OR b", "title:(a -b)", "NOT NOT a", "-(-a)", "«a»", "a:b:c", "12:30", "-*", "--a", "author:\"*\"*",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := index.Parse(s)
		if err != nil {
			var syntax *index.SyntaxError
			if !errors.As(err, &syntax) || syntax.Column < 1 || syntax.Column > len([]rune(s))+1 {
				t.Fatalf("Parse(%q): error %#v", s, err)
			}
			return
		}
		printed := q.String()
		if len(printed) > index.MaxBytes {
			return // quotes and field names made it longer than what is read
		}
		again, err := index.Parse(printed)
		if err != nil {
			t.Fatalf("Parse(%q), printed from %q: %v", printed, s, err)
		}
		if !reflect.DeepEqual(again, q) {
			t.Fatalf("Parse(%q) = %#v, want %#v as from %q", printed, again, q, s)
		}
	})
}

func TestAnyNarrative(t *testing.T) {
	q, err := index.Parse("narrative:* -bloc:RU")
	if err != nil {
		t.Fatal(err)
	}
	if got := q.String(); got != "narrative:* -bloc:RU" {
		t.Errorf("String() = %s", got)
	}
	again, err := index.Parse(q.String())
	if err != nil || again.String() != q.String() {
		t.Errorf("parsed again it is %v, %v", again, err)
	}
}
