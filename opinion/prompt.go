package opinion

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"strconv"
	"strings"
	"text/template"

	"chorus/corpus"
)

// promptVersion names the prompt in keys and answers. A change to the prompt,
// the body of the call or the way an answer is read takes a new file and a new
// version: answers of the old one were answers to another question.
const promptVersion = "prompt-1"

//go:embed prompt-1.txt
var promptText string

var prompts = template.Must(template.New(promptVersion).Option("missingkey=error").Parse(promptText))

// key is the hash of all that decides the answer, the endpoint aside: the same
// model is the same behind another address.
func (q Question) key(model string) string {
	h := sha256.New()
	for _, s := range []string{
		promptVersion, model,
		q.Narrative.ID, q.Narrative.Name, q.Narrative.Definition,
		q.Passage, q.Lang, string(q.Bloc),
	} {
		h.Write([]byte(strconv.Itoa(len(s)) + ":" + s)) // the length keeps neighbours apart
	}
	return hex.EncodeToString(h.Sum(nil))
}

// A message is one turn of a chat.
type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// messages puts a question into words. The mark around the passage is part of
// its key: no one can write a passage that contains its own hash.
func (q Question) messages(key string) []message {
	data := struct{ Name, Definition, Outlet, Lang, Mark, Passage string }{
		Name:       q.Narrative.Name,
		Definition: strings.TrimSpace(q.Narrative.Definition),
		Outlet:     outletOf(q.Bloc),
		Lang:       q.Lang,
		Mark:       key[:16],
		Passage:    q.Passage,
	}
	var out []message
	for _, role := range []string{"system", "user"} {
		var b strings.Builder
		if err := prompts.ExecuteTemplate(&b, role, data); err != nil {
			panic("opinion: " + promptVersion + " does not fit its data: " + err.Error())
		}
		out = append(out, message{role, b.String()})
	}
	return out
}

func outletOf(b corpus.Bloc) string {
	switch b {
	case corpus.BlocRU:
		return "an outlet of the Russian state"
	case corpus.BlocCN:
		return "an outlet of the Chinese state"
	case corpus.BlocControl:
		return "an independent outlet"
	}
	return "an outlet of unknown side"
}
