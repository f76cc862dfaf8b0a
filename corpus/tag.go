package corpus

// A Stance says how a passage stands to the narrative it carries.
type Stance string

// The stances, as the codebook defines them.
const (
	StanceAsserts Stance = "asserts" // the outlet's own voice, or a speaker quoted without distance
	StanceReports Stance = "reports" // attributed and distanced, or balanced by another view
	StanceRebuts  Stance = "rebuts"  // denied, debunked or mocked
)

// Stances lists all stances in the order in which pages show them.
func Stances() []Stance { return []Stance{StanceAsserts, StanceReports, StanceRebuts} }

// A Span is a half-open range of byte offsets into a text. In a tag the text
// is Article.Text; both ends fall on UTF-8 boundaries.
type Span struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// A Tag is one claim by one classifier: this document carries that narrative.
// A document has at most one tag per narrative and stance.
type Tag struct {
	Narrative string   `json:"narrative"` // id in the codebook
	Stance    Stance   `json:"stance"`
	Score     float64  `json:"score"`   // 0..1, the classifier's probability that the tag is right
	Spans     []Span   `json:"spans"`   // the passages that carry the claim, in order, not overlapping
	Words     []string `json:"words"`   // what earned it: the words that the cues matched, or those that the model weighs most
	Cues      []string `json:"cues"`    // the cues that fired, as named in the codebook; none if the model believes the words alone
	Version   string   `json:"version"` // of the classifier and its codebook
}

// A Narrative is an entry of the codebook.
type Narrative struct {
	ID         string `json:"id"`
	Name       string `json:"name"`       // a few words, for lists and charts
	Group      string `json:"group"`      // "A" to "E"
	Definition string `json:"definition"` // the claim, what belongs, what does not
}
