package monitor

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// xPagePosts is how many posts one page of X is counted as: as many as it can
// hold, since what it holds is known only when it is paid for.
const xPagePosts = 100

// A budget is how many posts of X may be read in a calendar month. What was
// spent is on disk before it is spent.
type budget struct {
	mu   sync.Mutex
	path string
	most int
}

type spending struct {
	Month string `json:"month"` // 2026-11
	Posts int    `json:"posts"`
}

func newBudget(folder string, most int) *budget {
	return &budget{path: filepath.Join(folder, "x-budget.json"), most: most}
}

// spend takes n posts from the budget, or says why it does not.
func (b *budget) spend(now time.Time, n int) (refused string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	month := now.UTC().Format("2006-01")
	if b.most < n {
		return fmt.Sprintf("social.x_posts allows %d posts of X a month: a page has up to %d", b.most, n)
	}
	var spent spending
	if raw, err := os.ReadFile(b.path); err == nil {
		if err := json.Unmarshal(raw, &spent); err != nil {
			return fmt.Sprintf("%s is damaged, so that nobody knows what is left of the month's budget: mend or delete it", b.path)
		}
	} else if !os.IsNotExist(err) {
		return err.Error()
	}
	next := spending{month, n}
	if spent.Month == month {
		next.Posts += spent.Posts
	}
	if next.Posts > b.most {
		return fmt.Sprintf("the month's budget of %d posts of X is spent", b.most)
	}
	raw, err := json.Marshal(next)
	if err == nil {
		err = os.WriteFile(b.path+".new", raw, 0o644)
	}
	if err == nil {
		err = os.Rename(b.path+".new", b.path)
	}
	if err != nil {
		return "the budget of X could not be written down: " + err.Error()
	}
	return ""
}
