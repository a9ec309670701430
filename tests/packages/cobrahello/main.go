// Command cobrahello is the least that a program with cobra can be: what the
// start-up of clusterctl is held against.
package main

import (
	"os"

	"github.com/spf13/cobra"
)

func main() {
	hello := &cobra.Command{Use: "hello", Version: "1.0", Run: func(cmd *cobra.Command, _ []string) { cmd.Println("hello") }}
	if err := hello.Execute(); err != nil {
		os.Exit(1)
	}
}
