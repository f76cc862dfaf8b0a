package extract

import (
	"regexp"
	"strings"

	"chorus/corpus"
)

var (
	// spoken begins a paragraph of a question or an answer.
	spoken = regexp.MustCompile(`(?i)^(?:Q|A|Question|Answer|Вопрос|Ответ|Питання|Pregunta|Respuesta|Frage|Antwort)(?: ?\([^)]{1,60}\))? ?[:.：]|^(?:问|答|主持人|提问)\s?[:：]|^[\p{Han}\p{Latin}“”《》·& ]{0,20}记者问?\s?[:：]|^(?:Question|Вопрос) [^.!?]{0,60}: `)
	// speaker begins a paragraph with a name and a colon.
	speaker = regexp.MustCompile(`^(\p{Lu}[\p{L}.\-]+(?: [\p{L}.\-()]+){0,8}|[\p{Han}·]{2,12}) ?[:：]`)
	// transcribed is in titles and addresses of transcripts.
	transcribed = regexp.MustCompile(`(?i)transcript|стенограмма|пресс-конференци|press conference|брифинг|briefing by|interview with|интервью|例行记者会|答记者问|文字实录|实录`)
)

// kindOf tells a transcript from an article: paragraphs of questions and
// answers, or of speakers by name. A title that says so needs fewer of them.
func kindOf(title, path string, paras []paragraph) corpus.Kind {
	asked, named := 0, map[string]int{}
	for _, p := range paras {
		if spoken.MatchString(p.text) {
			asked++
			continue
		}
		if m := speaker.FindStringSubmatch(head(p.text, 100)); m != nil {
			named[m[1]]++
		}
	}
	turns, speakers := 0, 0
	for _, n := range named {
		if n > 1 {
			turns, speakers = turns+n, speakers+1
		}
	}
	enough := 4
	if transcribed.MatchString(title) || strings.Contains(strings.ToLower(path), "transcript") {
		enough = 2
	}
	if asked >= enough || speakers >= 2 && turns >= 2*enough || asked > 0 && speakers > 0 && asked+turns >= enough {
		return corpus.KindTranscript
	}
	return corpus.KindArticle
}
