package load

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// ballast is a sparse file without a name whose pages fill the page cache. Opened once; the process keeps it.
var ballast = sync.OnceValues(func() (*os.File, error) {
	f, err := os.CreateTemp("", "page-cache-ballast")
	if err != nil {
		return nil, err
	}
	return f, os.Remove(f.Name())
})

// spareMemory is about what the kernel keeps free on a machine that has been up for a while, in KiB.
const spareMemory = 512 << 10

// FillPageCache brings the machine into the state of one that has worked for a while: memory that nothing else uses is
// page cache, and a new page is an old one taken back. Without it the servers write into memory that a hypervisor has
// still to provide, page by page, which costs more than all that a broker does and differs from turn to turn: the
// stores of a turn are deleted behind it. It is done when the servers run: a JVM that touches its heap would otherwise
// have to take it back page by page, and start three times as slowly.
func FillPageCache() {
	f, err := ballast()
	if err == nil {
		err = readUntilFull(f)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "the page cache was not filled: %v\n", err)
	}
}

func readUntilFull(f *os.File) error {
	size := meminfo("MemTotal") << 10
	if err := f.Truncate(size); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	for at := int64(0); at < size && meminfo("MemFree") > spareMemory; {
		n, err := io.CopyN(io.Discard, f, 64<<20)
		if at += n; err != nil && err != io.EOF {
			return err
		}
	}
	return nil
}

// meminfo is a value of /proc/meminfo in KiB, 0 when it is not there.
func meminfo(key string) (kib int64) {
	_, _ = fmt.Sscan(ValueOf("/proc/meminfo", key, ""), &kib)
	return kib
}

// ValueOf is the first "key : value" of a file.
func ValueOf(file, key, missing string) string {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return missing
}
