package top

import (
	"context"
	"errors"
	"os/exec"
	"time"

	tea "charm.land/bubbletea/v2"
)

// frames is how often a changed screen is drawn, a second: keys feel immediate,
// and nothing happening costs next to nothing.
const frames = 10

// Program runs a Model on the terminal.
type Program struct {
	Model Model
	// Look reads the clusters.
	Look func(context.Context) Looked
	// Command is a command of this program's.
	Command func(ctx context.Context, args ...string) *exec.Cmd
}

// Run runs until somebody quits or the context ends.
func (p Program) Run(ctx context.Context) error {
	_, err := tea.NewProgram(running{p, ctx}, tea.WithContext(ctx), tea.WithFPS(frames)).Run()
	if errors.Is(err, tea.ErrProgramKilled) || errors.Is(err, tea.ErrInterrupted) {
		return nil // by the end of the context
	}
	return err
}

// running fits a Model to bubbletea.
type running struct {
	Program
	ctx context.Context //nolint:containedctx // tea.Cmd takes none
}

type tick struct{}

func (r running) Init() tea.Cmd { return r.look }

func (r running) look() tea.Msg { return r.Look(r.ctx) }

func (r running) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	switch message := message.(type) {
	case tea.WindowSizeMsg:
		r.Model.Width, r.Model.Height = message.Width, message.Height
	case tick:
		return r, r.look
	case Looked:
		r.Model = r.Model.See(message)
		return r, tea.Tick(r.Model.Interval, func(time.Time) tea.Msg { return tick{} })
	case Ended:
		r.Model = r.Model.Hear(message)
	case tea.KeyPressMsg:
		model, effect := r.Model.Press(message.String())
		r.Model = model
		return r, r.carryOut(effect)
	}
	return r, nil
}

func (r running) View() tea.View {
	view := tea.NewView(r.Model.View())
	view.AltScreen = true
	return view
}

func (r running) carryOut(effect Effect) tea.Cmd {
	switch effect.Do {
	case Quit:
		return tea.Quit
	case Run:
		return func() tea.Msg {
			output, err := r.Command(r.ctx, effect.Args...).CombinedOutput()
			return Ended{string(output), err}
		}
	case Show:
		return tea.ExecProcess(r.Command(r.ctx, effect.Args...), func(err error) tea.Msg { return Ended{Err: err} })
	case Nothing:
	}
	return nil
}
