package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chorus"
)

func TestDefaultIsSound(t *testing.T) {
	c, err := Default(chorus.Config)
	if err != nil {
		t.Fatal(err)
	}
	if c.Collect.MaxBody != 10<<20 || c.Collect.Recheck[2] != 7*24*time.Hour || c.Schedule.Poll.Plan == nil {
		t.Errorf("Default = %+v", c)
	}
	if got := c.Collect.Agent(); strings.Contains(got, "%") || !strings.Contains(got, c.Collect.Contact) {
		t.Errorf("Agent() = %q", got)
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadKeepsDefaultsForWhatAFileLeavesOut(t *testing.T) {
	c, _, err := Load(write(t, "collect:\n  host_delay: 0s\nschedule: {verify: \"\"}\n"), chorus.Config)
	if err != nil {
		t.Fatal(err)
	}
	if c.Collect.HostDelay != 0 || c.Collect.Workers != 64 || c.Schedule.Verify.Plan != nil {
		t.Errorf("Load = %+v", c)
	}
}

func TestLoadReportsEveryMistakeAtOnce(t *testing.T) {
	path := write(t, `data: ""
collcet: {}
collect:
  max_body: ten
  max_feed: 1GiB
  proxy: ftp://x
  allow_networks: [10.0.0.0/33]
schedule:
  poll: every 0s
  housekeeping: "61 * * * *"
log:
  level: loud
  format: xml
index: {partition: day}
server:
  listen: "8080"
`)
	_, _, err := Load(path, chorus.Config)
	if err == nil {
		t.Fatal("Load found nothing wrong")
	}
	for _, want := range []string{
		`:1:7: data: must name a folder`,
		`:2:1: unknown key "collcet": did you mean "collect"?`,
		`:4:13: collect.max_body: "ten" is not a size`,
		`:5:13: collect.max_feed: must be at most 200 MiB`,
		`:6:10: collect.proxy: "ftp://x" is not a proxy`,
		`:7:20: collect.allow_networks[0]: `,
		`:9:9: schedule.poll: "every 0s" is too often`,
		`:10:17: schedule.housekeeping: "61 * * * *" is no schedule`,
		`:12:10: log.level: `,
		`:13:11: log.format: "xml" is neither text nor json`,
		`:14:20: index.partition: "day" is neither month nor quarter`,
		`:16:11: server.listen: "8080" is not an address`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Load does not say %q; it says:\n%v", want, err)
		}
	}
}

func TestCronRunsInUTC(t *testing.T) {
	var w When
	if err := w.UnmarshalText([]byte("30 2 * * *")); err != nil {
		t.Fatal(err)
	}
	berlin := time.FixedZone("CET", 3600)
	got := w.Plan.Next(time.Date(2026, 3, 1, 0, 0, 0, 0, berlin))
	if want := time.Date(2026, 3, 1, 2, 30, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("Next = %v, want %v", got, want)
	}
}
