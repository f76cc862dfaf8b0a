package web

import (
	"fmt"
	"net/http"

	"chorus/corpus"
)

func (s *site) about(w http.ResponseWriter, r *http.Request) error {
	c, err := s.Coverage(r.Context())
	if err != nil {
		return fmt.Errorf("coverage: %w", err)
	}
	return s.render(w, http.StatusOK, "about", page{Title: "About", Nav: "/about", Body: aboutPageOf(c, len(s.Narratives))})
}

// An aboutPage says how the figures come about and what they cannot show.
type aboutPage struct {
	Documents  int
	Outlets    int
	Narratives int
	Stances    []stanceRow
}

type stanceRow struct {
	Stance  corpus.Stance
	Meaning string
}

func aboutPageOf(c corpus.Coverage, narratives int) aboutPage {
	p := aboutPage{Documents: c.Documents, Outlets: watchedOutlets(c), Narratives: narratives}
	for _, s := range corpus.Stances() {
		p.Stances = append(p.Stances, stanceRow{s, stanceMeaning(s)})
	}
	return p
}
