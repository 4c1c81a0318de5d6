package main

import (
	"debug/buildinfo"
	"fmt"
	"strings"
	"time"
)

// head is the table's. What each column means is in README.md.
const head = "| fault | cycles | acknowledged | lost | doubled | back after delete | two holders | early | unavailable |\n" +
	"|---|---:|---:|---:|---:|---:|---:|---:|---:|\n"

func table(results []result) string {
	var text strings.Builder
	text.WriteString(head)
	for _, r := range results {
		text.WriteString(row(r))
	}
	return text.String()
}

func row(r result) string {
	if r.err != nil {
		why, _, _ := strings.Cut(r.err.Error(), "\n")
		return fmt.Sprintf("| %s | not run: %s |\n", r.Name, why)
	}
	return fmt.Sprintf("| %s | %d | %d | %s | %s | %s | %s | %d | %s |\n", r.Name, r.Cycles, r.Acknowledged,
		near(r.Lost, r.LostNear, r.LossWindow), near(r.Doubled, r.DoubledNear, 0),
		near(r.Returned, r.ReturnedNear, r.ForgetWindow)+fired(r.FiredNear), near(r.Shared, r.SharedNear, 0), r.Early, unavailable(r))
}

// near is a number of violations, and of what is allowed in the moment of a fault.
func near(wrong, allowed int, window time.Duration) string {
	text := fmt.Sprint(wrong)
	if allowed > 0 {
		text += fmt.Sprintf(" (+%d", allowed)
		if window > 0 {
			text += fmt.Sprintf(" within %.2f s", window.Seconds())
		}
		text += ")"
	}
	return text
}

func fired(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (+%d delayed)", n)
}

func unavailable(r result) string {
	if r.Unavailable == 0 {
		return "0 s"
	}
	return fmt.Sprintf("%.1f s, at most %.1f", r.Unavailable.Seconds(), r.Longest.Seconds())
}

// caption says when, and of what, the table was made.
func caption(binary string) string {
	text := time.Now().UTC().Format("2006-01-02")
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return text + "\n"
	}
	text += ", jetcmq " + info.Main.Version
	for _, d := range info.Deps {
		if d.Path == "github.com/nats-io/nats-server/v2" {
			text += ", nats-server " + d.Version
		}
	}
	return text + ", " + info.GoVersion + "\n"
}
