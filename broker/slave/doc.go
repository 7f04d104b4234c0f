// Package slave keeps the tables of a slave as its master has them: topics, consumer groups, committed offsets,
// positions of the delay levels, request modes. Java: broker/slave/SlaveSynchronize, which asks for everything once a
// minute, first after ten seconds.
//
// Here a master is asked as soon as it is known and then every Period, for what has a version only whether that is
// still the same. Offsets that clients committed here while their master was away are not overwritten with the master's
// older ones when it is back: they are committed there (Progress).
package slave
