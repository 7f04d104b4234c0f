// Package plain is ACL 1.0 of RocketMQ 4.x: accounts in YAML files, conf/plain_acl.yml and conf/acl, which are read
// again when they change. It decides about requests as package auth does for users and permissions 2.0. Java: the
// module acl of 4.9, PlainAccessValidator, PlainPermissionManager.
//
// With Settings.Strict each request code needs what package auth's table says, as far as ACL 1.0 has words for it; Java
// asks only for a signature for most of them. Without it the answers are those of Java 4.9.
package plain
