// Package keyring is the folder of what secure=true needs and nobody gave: a certificate authority, this machine's
// certificate, and the first users. Servers on one machine share it; other machines get a copy.
package keyring
