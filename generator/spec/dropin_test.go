package spec

import "testing"

func TestDropInFaults(t *testing.T) {
	dropIn := Source{Path: "/etc/systemd/system/web@.service.d/10-mine.conf", Data: []byte(`[Unit]
StartLimitBurst=3
After=network.target
[Service]
Environment=A=b
RemainAfterExit=yes
Restart=no
`)}
	faults := DropInFaults("web", dropIn)
	if len(faults) != 2 || faults[0].Key != "StartLimitBurst" || faults[0].Section != "Unit" || faults[0].Line != 2 ||
		faults[1].Key != "RemainAfterExit" || faults[1].Path != dropIn.Path || faults[1].Why == "" {
		t.Errorf("got %+v", faults)
	}
	if s, ok := DropInSets(dropIn, "Service", "Restart"); !ok || s.Value != "no" {
		t.Errorf("Restart: %+v, %t", s, ok)
	}
	if _, ok := DropInSets(dropIn, "Unit", "Restart"); ok {
		t.Error("found in another section")
	}
	if faults := DropInFaults("web", Source{Data: []byte("no syntax at all")}); len(faults) > 0 {
		t.Errorf("got %+v", faults)
	}
}
