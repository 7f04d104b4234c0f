package check

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io/fs"
	"strings"

	"gorocket/compat"
	"gorocket/store/checkpoint"
	"gorocket/store/vfs"
)

// config checks that the metadata files parse, as Java's fastjson and we read them. A broken file with a good .bak is
// repairable.
func (v *verifier) config() error {
	dir := v.cfg.sub("config")
	list, err := v.fs.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, fi := range list {
		if fi.IsDir || !strings.HasSuffix(fi.Name, ".json") || err != nil {
			continue
		}
		err = v.configFile(dir + "/" + fi.Name)
	}
	return err
}

func (v *verifier) configFile(name string) error {
	v.report.ConfigFiles++
	why, err := v.parseJSON(name)
	if err != nil || why == nil {
		return err
	}
	worse := Damaged
	if bak, err := v.parseJSON(name + ".bak"); err == nil && bak == nil {
		worse = Repairable
	}
	v.add(worse, "config", name, -1, "does not parse: %v", why)
	return nil
}

// parseJSON returns why a file is no JSON, nil when it is.
func (v *verifier) parseJSON(name string) (why, err error) {
	b, err := vfs.ReadFile(v.fs, name)
	if err != nil {
		return nil, err
	}
	if len(b) == 0 {
		return errors.New("empty"), nil
	}
	std, why := compat.Normalize(b)
	if why == nil && !json.Valid(std) {
		why = errors.New("not JSON")
	}
	return why, nil
}

// checkpoint checks size and values.
func (v *verifier) checkpoint() error {
	name := v.cfg.sub("checkpoint")
	b, err := vfs.ReadFile(v.fs, name)
	if errors.Is(err, fs.ErrNotExist) {
		v.add(Note, "checkpoint", name, -1, "missing: recovery would start at the first log file")
		return nil
	}
	if err != nil {
		return err
	}
	if len(b) != checkpoint.Size {
		v.add(v.afterKill(), "checkpoint", name, -1, "%d bytes instead of %d", len(b), checkpoint.Size)
	}
	for i := 0; i < 3 && len(b) >= 40; i++ {
		if t := int64(binary.BigEndian.Uint64(b[i*8:])); t < 0 || t > farFuture {
			v.add(Damaged, "checkpoint", name, int64(i*8), "%d is no time in ms", t)
		}
	}
	return nil
}

// readCheckpoint returns zeros when there is none.
func (v *verifier) readCheckpoint() (checkpoint.Values, error) {
	b, err := vfs.ReadFile(v.fs, v.cfg.sub("checkpoint"))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	c, _ := checkpoint.Decode(b)
	return c, err
}

// farFuture is the year 2200 in ms.
const farFuture = 7_258_118_400_000
