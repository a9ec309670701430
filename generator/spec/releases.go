package spec

// HasReleases says whether the workers of a cluster run from releases, as the
// [X-Cluster] sections of its service and the drop-ins say.
func HasReleases(sources ...Source) bool {
	has := false
	for _, source := range sources {
		file, err := parseFile(source.Path, source.Data)
		if err != nil {
			continue // ParsePolicy tells of it
		}
		if value := Last(file.section("X-Cluster"), "Releases"); value != "" {
			yes, err := ParseBool(value)
			has = err == nil && yes
		}
	}
	return has
}
