package classify

import "testing"

func TestBuiltinLoads(t *testing.T) {
	c, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	t.Log(c.Version(), len(c.rules), "cues", len(c.program.automaton.elems), "states", len(c.program.automaton.longest), "elements")
}
