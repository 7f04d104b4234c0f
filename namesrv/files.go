package namesrv

import (
	"gorocket/compat"
	"gorocket/store/vfs"
)

// files is where the NameServer's two files live.
type files struct {
	fs   vfs.FS
	told func(r vfs.Restored) // a file's .bak was read instead of it
}

// write replaces a file as a whole, keeping the former content as .bak.
func (f files) write(path string, data []byte) error { return vfs.WriteFileAtomic(f.fs, path, data) }

// edit changes lines of a file that a person wrote, keeping the first original as .orig.
func (f files) edit(path string, change *compat.Properties) error {
	return vfs.EditFile(f.fs, path, func(text []byte) []byte { return compat.EditProperties(text, change) })
}

// read hands a file, or its .bak when it is missing or broken, to parse.
func (f files) read(path string, parse func([]byte) error) error {
	return vfs.ReadFileWithBackup(f.fs, path, parse, f.told)
}
