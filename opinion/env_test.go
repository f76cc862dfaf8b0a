package opinion

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func environment(pairs ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m["CHORUS_OPINION_"+pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return m[name] }
}

func TestOffUnlessAURLIsSet(t *testing.T) {
	for _, env := range []func(string) string{environment(), environment("MODEL", "m", "KEY", "k"), environment("URL", " ")} {
		if o, ok, err := FromEnv(env, "data"); ok || err != nil {
			t.Errorf("FromEnv = %v, %v, %v, want not configured", o, ok, err)
		}
	}
}

func TestFromEnvReadsEverything(t *testing.T) {
	o, ok, err := FromEnv(environment("URL", "http://models.example/v1\n", "MODEL", " m ", "KEY", "k\n", "INSECURE", "1"), "data")
	if err != nil || !ok {
		t.Fatalf("FromEnv = %v, %v", ok, err)
	}
	got := []any{o.URL, o.Model, o.Key, o.Insecure, o.Folder}
	if diff := cmp.Diff([]any{"http://models.example/v1", "m", "k", true, filepath.Join("data", "opinions")}, got); diff != "" {
		t.Errorf("FromEnv (-want +got)\n%s", diff)
	}
}

func TestURLsThatAreSafe(t *testing.T) {
	for _, url := range []string{
		"https://api.models.example/v1", "https://10.0.0.7:8443", "HTTPS://api.models.example/v1/",
		"http://127.0.0.1:11434/v1", "http://127.8.8.8/v1", "http://[::1]:8000/v1", "http://[::ffff:127.0.0.1]/v1", "http://localhost:1234/v1", "http://LOCALHOST/v1",
	} {
		if _, ok, err := FromEnv(environment("URL", url, "MODEL", "m"), "data"); !ok || err != nil {
			t.Errorf("FromEnv with %s = %v, %v", url, ok, err)
		}
	}
}

func TestURLsThatAreRefused(t *testing.T) {
	for url, want := range map[string]string{
		"http://models.example/v1":            "neither https nor loopback",
		"http://10.0.0.7:11434/v1":            "neither https nor loopback",
		"http://localhost.models.example/v1":  "neither https nor loopback",
		"http://127.0.0.1.models.example/v1":  "neither https nor loopback",
		"http://127.0.0.1@models.example/v1":  "has a user in it",
		"https://me:hunter2@models.example":   "has a user in it",
		"https://me:hunter2@models.example:x": "read URL",
		"https://models.example/v1?key=k":     "more than a path",
		"https://models.example/v1#a":         "more than a path",
		"127.0.0.1:11434/v1":                  "read URL",
		"localhost:11434/v1":                  "is not an http URL",
		"ftp://models.example/v1":             "is not an http URL",
		"https:///v1":                         "is not an http URL",
		"unix:/run/model.sock":                "is not an http URL",
	} {
		o, ok, err := FromEnv(environment("URL", url, "MODEL", "m", "KEY", secret), "data")
		if ok || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("FromEnv with %s = %v, %v, want an error with %q", url, ok, err, want)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), secret) || o.Key != "" {
			t.Errorf("FromEnv with %s gives a secret away: %v", url, err)
		}
		if a, err := New(Options{URL: url, Model: "m", Folder: t.TempDir()}); a != nil || err == nil {
			t.Errorf("New with %s = %v, %v, want an error", url, a, err)
		}
	}
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	_, _, err := FromEnv(environment("URL", "http://models.example/v1", "KEY", secret+"\nX-Evil: 1", "INSECURE", "yes"), "data")
	if err == nil {
		t.Fatal("FromEnv took it")
	}
	for _, want := range []string{"CHORUS_OPINION_INSECURE=1", `CHORUS_OPINION_INSECURE is "yes"`, "CHORUS_OPINION_MODEL", "CHORUS_OPINION_KEY"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %s: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), secret) {
		t.Errorf("error has the key in it: %v", err)
	}
	if _, err := New(Options{URL: "https://models.example", Model: "m", Timeout: -1}); err == nil || !strings.Contains(err.Error(), "folder") || !strings.Contains(err.Error(), "negative") {
		t.Errorf("New = %v, want an error about the folder and the timeout", err)
	}
}
