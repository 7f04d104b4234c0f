package replicas

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"gorocket/store/vfs"
)

// Identity is what a broker is to its controllers, for ever: it is kept in a file (Java BrokerMetadata,
// brokerIdentity), and while the controllers are asked for an id in another one (TempBrokerMetadata,
// brokerIdentity-temp).
type Identity struct {
	Cluster, Broker string
	ID              int64
	CheckCode       string // of the request for the id; the file does not keep it
}

// IdentityError says that a file is not that of this broker.
type IdentityError struct {
	File string
	Why  string
}

func (e *IdentityError) Error() string { return fmt.Sprintf("%s: %s", e.File, e.Why) }

const tempSuffix = "-temp"

// readIdentity reads a file; nil when there is none. An *IdentityError: it is damaged, or another broker's.
func readIdentity(fsys vfs.FS, name, cluster, broker string, temp bool) (*Identity, error) {
	b, err := vfs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(b) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	parts, want := strings.Split(strings.TrimSpace(string(b)), "#"), 3
	if temp {
		want = 4
	}
	if len(parts) != want {
		return nil, &IdentityError{name, fmt.Sprintf("%.100q is no identity: want cluster#broker#id", b)}
	}
	id, err := strconv.ParseInt(parts[2], 10, 64)
	switch {
	case err != nil || id < 1:
		return nil, &IdentityError{name, fmt.Sprintf("the id %.40q is no number above 0", parts[2])}
	case parts[0] != cluster:
		return nil, &IdentityError{name, fmt.Sprintf("it is of brokerClusterName %.100q, this broker's is %q: the store of "+
			"another broker", parts[0], cluster)}
	case parts[1] != broker:
		return nil, &IdentityError{name, fmt.Sprintf("it is of brokerName %.100q, this broker's is %q: the store of another "+
			"broker", parts[1], broker)}
	}
	who := &Identity{Cluster: parts[0], Broker: parts[1], ID: id}
	if temp {
		who.CheckCode = parts[3]
	}
	return who, nil
}

// write makes the file; it is durable then.
func (i *Identity) write(fsys vfs.FS, name string, temp bool) error {
	text := fmt.Sprintf("%s#%s#%d", i.Cluster, i.Broker, i.ID)
	if temp {
		text += "#" + i.CheckCode
	}
	return vfs.WriteFileAtomic(fsys, name, []byte(text))
}

// forget removes a file.
func forget(fsys vfs.FS, name string) error {
	if err := fsys.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fsys.SyncDir(path.Dir(name))
}
