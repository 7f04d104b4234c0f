package vfs

import "os"

// CreateWhole implements FS with a file that has no name while it is prepared (O_TMPFILE), where the file system knows
// that and /proc is mounted. Otherwise it has its name from the beginning; an error with another cause comes again
// there.
func (o OS) CreateWhole(name string, prepare func(f File) error) (File, error) {
	f, err := openUnnamed(name)
	if err != nil {
		return o.createNamed(name, prepare)
	}
	if err := prepare(f); err != nil {
		_ = f.Close()
		return nil, err
	}
	if err := f.link(); err == nil {
		return f, nil
	}
	_ = f.Close()
	return o.createNamed(name, prepare)
}

func (o OS) createNamed(name string, prepare func(f File) error) (File, error) {
	f, err := openOS(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, usual)
	if err != nil {
		return nil, err
	}
	if err := prepare(f); err != nil {
		_ = f.Close()
		_ = o.Remove(name)
		return nil, err
	}
	return f, nil
}
