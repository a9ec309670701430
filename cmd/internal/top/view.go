package top

import (
	"fmt"
	"strings"
	"time"

	"github.com/clusterctl/clusterctl/cmd/internal/overview"
	"github.com/clusterctl/clusterctl/cmd/internal/table"
)

// chrome is how many lines stand around the clusters: the title, and the two at
// the foot.
const chrome = 3

// View is the screen: exactly Height lines, none wider than Width.
func (m Model) View() string {
	body, cursor := m.body()
	lines := append([]string{m.title()}, window(body, cursor, m.Height-chrome)...)
	for len(lines) < m.Height-chrome+1 {
		lines = append(lines, "")
	}
	lines = append(lines, m.messages(), m.help())
	return strings.Join(lines, "\n")
}

// page is how far a page goes.
func (m Model) page() int { return max(1, m.Height-chrome-2) }

func (m Model) output() table.Output { return table.Output{Width: m.Width, Colour: m.Colour} }

// paint cuts before it colours.
func (m Model) paint(style table.Style, text string) string {
	return m.output().Paint(style, table.Cut(text, m.Width))
}

func (m Model) title() string {
	if m.last.At.IsZero() {
		return m.paint(table.Bold, "clusterctl top")
	}
	return m.paint(table.Bold, fmt.Sprintf("clusterctl top  %s, every %s", m.last.At.Format(time.TimeOnly), m.Interval))
}

// body are the lines of all clusters, and the line that the cursor is in.
func (m Model) body() (lines []string, cursor int) {
	if !m.last.At.IsZero() && len(m.last.Clusters) == 0 {
		return []string{"no clusters"}, 0
	}
	for _, cluster := range m.last.Clusters {
		lines = append(lines, m.head(cluster)...)
		for i, row := range m.rows(cluster) {
			if i > 0 && cluster.Workers[i-1].Unit == m.cursor {
				cursor = len(lines)
			}
			lines = append(lines, row)
		}
		for _, problem := range cluster.Problems {
			lines = append(lines, m.paint(table.Odd, fmt.Sprintf("  ! %s: %s", problem.Subject, problem.Message)))
		}
		lines = append(lines, "")
	}
	return lines, cursor
}

func (m Model) head(c overview.Cluster) []string {
	rates := m.rates[c.Name]
	facts := []string{fmt.Sprintf("%s %s, %d/%d ready", c.Name, c.ActiveState, c.Ready, c.Wanted)}
	if c.Release != "" {
		facts = append(facts, "release "+c.Release)
	}
	if n := total(rates, func(r Rate) *float64 { return r.Requests }); n != nil {
		facts = append(facts, rate(n)+" req/s")
	}
	if n := total(rates, func(r Rate) *float64 { return r.Errors }); n != nil && *n > 0 {
		facts = append(facts, rate(n)+" err/s")
	}
	if s := skew(c, rates); s > 0 {
		facts = append(facts, fmt.Sprintf("skew %.1f", s))
	}
	lines := []string{m.paint(c.Style(), strings.Join(facts, ", "))}
	for _, l := range c.Listeners {
		if l.Queue != nil {
			lines = append(lines, m.paint(table.Normal, fmt.Sprintf("  %s queue %d/%d, %d dropped", l.Address, l.Queue.Waiting, l.Queue.Limit, l.Queue.Dropped)))
		}
	}
	if c.Rollout.UnderWay() {
		lines = append(lines, m.paint(table.Bold, "  "+bar(c.Rollout.Updated, c.Rollout.Total)+" "+c.Rollout.Sentence))
	}
	return lines
}

// bar is the progress of a rollout.
func bar(done, all int) string {
	const width = 20
	filled := 0
	if all > 0 {
		filled = width * done / all
	}
	return fmt.Sprintf("[%s%s] %d/%d", strings.Repeat("#", filled), strings.Repeat(".", width-filled), done, all)
}

// rows are the table of the workers, its headings first.
func (m Model) rows(c overview.Cluster) []string {
	rows := &table.Table{Columns: []table.Column{
		{Title: "  WORKER"}, {Title: "STATE", Rank: 1}, {Title: "RELEASE", Rank: 5}, {Title: "REQ/S", Rank: 2}, {Title: "ERR/S", Rank: 4},
		{Title: "IN-FLIGHT", Rank: 6}, {Title: "CONNS", Rank: 8}, {Title: "CPU", Rank: 7}, {Title: "MEMORY", Rank: 9}, {Title: "HEALTH", Rank: 3},
	}}
	for _, w := range c.Workers {
		now, mark := m.rates[c.Name][w.Unit], "  "
		if w.Unit == m.cursor {
			mark = "> "
		}
		cpu, memory, health := "-", "-", table.Cell{Text: table.Dash(w.Health)}
		if now.CPU != nil {
			cpu = fmt.Sprintf("%.0f%%", *now.CPU*100)
		}
		if w.Memory > 0 {
			memory = table.Bytes(w.Memory)
		}
		if w.Health != "" && w.Health != "ok" {
			health = table.Cell{Text: "sick", Style: table.Bad}
		}
		cells := []table.Cell{{Text: mark + w.Unit}, {Text: w.State(), Style: w.Style()}}
		cells = append(cells, table.Plain(table.Dash(w.Release), rate(now.Requests), rate(now.Errors),
			overview.Number(w.Numbers.InFlight), overview.Number(w.Numbers.Connections), cpu, memory)...)
		rows.Add(append(cells, health)...)
	}
	var text strings.Builder
	_ = rows.Fprint(&text, m.output()) // a Builder takes all
	return strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
}

// rate has as many digits as say something.
func rate(n *float64) string {
	switch {
	case n == nil:
		return "-"
	case *n == 0:
		return "0"
	case *n < 10:
		return fmt.Sprintf("%.1f", *n)
	}
	return fmt.Sprintf("%.0f", *n)
}

func (m Model) messages() string {
	switch {
	case m.asked != nil:
		return m.paint(table.Bold, m.asked.text+" [y/N]")
	case m.fault != "":
		return m.paint(table.Bad, m.fault)
	}
	return m.paint(table.Normal, m.note)
}

func (m Model) help() string {
	words := []string{"q quit"}
	for _, c := range commands {
		words = append(words, c.key+" "+c.word)
	}
	return m.paint(table.Dim, strings.Join(append(words, "↑↓ select"), "  "))
}

// window are so many lines around the one that has to be seen.
func window(lines []string, seen, height int) []string {
	if len(lines) <= height || height <= 0 {
		return lines[:min(len(lines), max(height, 0))]
	}
	first := min(max(0, seen-height/2), len(lines)-height)
	return lines[first : first+height]
}
