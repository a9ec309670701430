package worker

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// check is one row of the table in the contract.
type check struct {
	name string
	run  func(*testing.T, program)
}

var checks = []check{
	{"refuses descriptors of another process", refusesAnotherProcess},
	{"refuses to come up without a descriptor", refusesNoDescriptor},
	{"refuses to come up without the name that it needs", refusesOtherNames},
	{"takes descriptors by name, in any order", takesByName},
	{"says READY=1 before it accepts", readyBeforeAccept},
	{"leaves the listener non-blocking", leavesNonBlocking},
	{"answers /healthz", answersHealth},
	{"answers /readyz", answersReady},
	{"answers /stats", answersStats},
	{"goes out of service and back", goesOutAndBack},
	{"hears only its owners", hearsOwners},
	{"feeds the watchdog", feedsWatchdog},
	{"finishes the request in flight", finishesInFlight},
	{"answers once more on an idle connection", answersOnceMore},
	{"closes silent connections and ends with 0", endsBySelf},
	{"answers on the admin socket until the end", answersUntilTheEnd},
	{"says STOPPING=1", saysStopping},
	{"takes what waits in the queue", takesWhatWaits},
}

// The contract says what each sample worker does, and each does just that.
func TestContract(t *testing.T) {
	columns, rows := readTable(t)
	for name, program := range programs {
		column := slices.Index(columns, name)
		if column < 0 {
			t.Fatalf("the table has no column %q: %q", name, columns)
		}
		t.Run(name, func(t *testing.T) {
			for i, check := range checks {
				if i >= len(rows) || rows[i][0] != check.name {
					t.Fatalf("row %d of the table: wanted %q", i, check.name)
				}
				switch cell := rows[i][column]; cell {
				case "yes":
					t.Run(strings.ReplaceAll(check.name, " ", "_"), func(t *testing.T) {
						t.Parallel()
						check.run(t, program)
					})
				case "no": // see the text beside the table
				default:
					t.Errorf("%s, %s: wanted yes or no, got %q", check.name, name, cell)
				}
			}
		})
	}
	if len(rows) != len(checks) {
		t.Errorf("the table has %d rows, wanted one for each of %d checks", len(rows), len(checks))
	}
}

// readTable returns the names of the columns in lower case, and the rows.
func readTable(t *testing.T) (columns []string, rows [][]string) {
	t.Helper()
	page, err := os.ReadFile("../../cmd/dist/doc/contract.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(page), "\n| a worker ")
	if !ok {
		t.Fatal(`the contract has no table that begins with "| a worker"`)
	}
	for i, line := range strings.Split("| a worker "+after, "\n") {
		if !strings.HasPrefix(line, "|") {
			break
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		switch i {
		case 0:
			columns = strings.Split(strings.ToLower(strings.Join(cells, "|")), "|")
		case 1: // the line below the names
		default:
			rows = append(rows, cells)
		}
	}
	return columns, rows
}
