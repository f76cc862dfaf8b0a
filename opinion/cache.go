package opinion

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"chorus/corpus"
)

// A cache is the folder of answers, one file each.
type cache struct{ folder string }

// A record is a kept answer. The key decides whether it is the right one; the
// rest is for people.
type record struct {
	Key       string    `json:"key"`
	Prompt    string    `json:"prompt"`
	Model     string    `json:"model"`
	Narrative string    `json:"narrative"`
	Asked     time.Time `json:"asked"`
	Verdict   verdict   `json:"verdict"`
}

func (a *Advisor) record(q Question, v verdict) record {
	return record{
		Prompt:    promptVersion,
		Model:     a.o.Model,
		Narrative: q.Narrative.ID,
		Asked:     a.o.Now().UTC().Truncate(time.Second),
		Verdict:   v,
	}
}

func openCache(folder string) (cache, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return cache{}, err
	}
	return cache{folder}, nil
}

func (c cache) path(key string) string {
	return filepath.Join(c.folder, key[:2], key+".json")
}

// read gives the verdict kept under a key. What does not bear the key or is no
// verdict on the passage is as good as not there.
func (c cache) read(key, passage string) (verdict, bool) {
	raw, err := os.ReadFile(c.path(key))
	if err != nil {
		return verdict{}, false
	}
	var r record
	if json.Unmarshal(raw, &r) != nil || r.Key != key || !r.Verdict.sound(passage) {
		return verdict{}, false
	}
	return r.Verdict, true
}

// sound reports whether a verdict is one that parseVerdict may have given, or
// an unusable one.
func (v verdict) sound(passage string) bool {
	if v.Unusable != "" || !v.Carries {
		return v == verdict{Unusable: v.Unusable}
	}
	known := v.Stance == corpus.StanceAsserts || v.Stance == corpus.StanceReports || v.Stance == corpus.StanceRebuts
	return known && v.Quote != "" && v.Quote == find(v.Quote, passage)
}

func (c cache) write(key string, r record) error {
	r.Key = key
	if err := os.MkdirAll(filepath.Dir(c.path(key)), 0o755); err != nil {
		return fmt.Errorf("keep opinion: %w", err)
	}
	if err := writeWhole(c.path(key), r); err != nil {
		return fmt.Errorf("keep opinion: %w", err)
	}
	return nil
}

// writeWhole writes a value as JSON so that a reader, or a start after a crash,
// finds all of it or what was there before. One goroutine at a time writes a
// path: its neighbour has a fixed name, so that crashes leave no litter.
func writeWhole(path string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	f, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	_, err = f.Write(append(raw, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
