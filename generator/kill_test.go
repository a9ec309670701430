package generator

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/clusterctl/clusterctl/generator/spec"
)

// writeForeverIn names the variable that makes this test binary a program that
// writes two sets in turn until it is killed.
const writeForeverIn = "CLUSTERCTL_TEST_WRITE_FOREVER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writeForeverIn); dir != "" {
		fmt.Fprintln(os.Stderr, writeForever(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func writeForever(dir string) error {
	for {
		for _, text := range []string{oneListener, twoListeners} {
			c, err := spec.Parse("/etc/clusterctl/web.cluster", []byte(text))
			if err != nil {
				return err
			}
			files, err := Generate(c, Options{})
			if err != nil {
				return err
			}
			if _, err := Write(dir, []Set{{"web", files}}); err != nil {
				return err
			}
			fmt.Println("wrote")
		}
	}
}

// The same with a real process: SIGKILL comes at whatever point it has reached.
func TestWrite_Sigkill(t *testing.T) {
	isOne, isTwo := whatIsWritten(t, oneListener), whatIsWritten(t, twoListeners)
	dir := t.TempDir()
	for round := range 20 {
		program, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		writer := exec.CommandContext(t.Context(), program)
		writer.Env = append(os.Environ(), writeForeverIn+"="+dir)
		output, err := writer.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := writer.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(output)
		for range 1 + round%3 {
			lines.Scan()
		}
		if err := writer.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = writer.Wait() // killed, as told
		requireWhole(t, dir)
		write(t, dir)
		if got := content(t, dir); !maps.Equal(got, isOne) && !maps.Equal(got, isTwo) {
			t.Fatalf("round %d: %q", round, slices.Sorted(maps.Keys(got)))
		}
	}
}
