package spec

// DropInFault is a setting of a drop-in of a unit that would break a cluster.
type DropInFault struct {
	Setting
	Section, Why string
}

// DropInFaults are the settings in a drop-in of a worker or of a socket of the
// cluster that a .cluster file would be refused for. What systemd itself could not
// read is for systemd to tell.
func DropInFaults(cluster string, dropIn Source) []DropInFault {
	file, _ := parseFile(dropIn.Path, dropIn.Data)
	var faults []DropInFault
	for _, section := range file.sections {
		for _, setting := range section.settings {
			setting.Path = dropIn.Path
			if why := refuse(cluster, section.name, setting); why != "" {
				faults = append(faults, DropInFault{setting, section.name, why})
			}
		}
	}
	return faults
}

// DropInSets says whether a drop-in sets a key, and where.
func DropInSets(dropIn Source, section, key string) (Setting, bool) {
	file, _ := parseFile(dropIn.Path, dropIn.Data)
	for _, s := range file.section(section) {
		if s.Key == key {
			return s, true
		}
	}
	return Setting{}, false
}
