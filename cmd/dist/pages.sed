# The pages of the documentation as they are installed: links lead to what is there.
s#\]\(cmd/dist/doc/#](doc/#g
s#\]\(\.\./\.\./\.\./(README|SECURITY)\.md#](../\1.md#g
# Manual pages are read with man, the sources where they are.
s#\[([^]]*)\]\((\.\./|cmd/dist/)man/[^)]*\)#\1#g
s#\]\((\.\./\.\./\.\./)?(LICENSE|(CHANGELOG|CONTRIBUTING)\.md|activation)\)#](https://github.com/clusterctl/clusterctl/blob/main/\2)#g
