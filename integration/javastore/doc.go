// Package javastore hands one store directory back and forth between real Java brokers and ours, with traffic at each
// stage, and compares everything a client can see after each swap: every record byte by byte, offsets, consumer
// offsets, topics, groups, delay progress, lookups.
//
// It takes minutes, a JDK and Maven, so it runs only on demand (`make java-store`):
//
//	JAVASTORE=1 GOROCKET_BIN=../bin go test -count=1 -v ./javastore
//
//	GOROCKET_KIND=java JAVASTORE=1 go test -run TestFeatures ./javastore    # Java 5.5.0 in our place: are the tests right?
//
// GOROCKET_JAVA_LIB_5_5_0 and GOROCKET_JAVA_LIB_4_9_7 name folders with the jars of that release; without them Maven
// fetches the jars. Apache never published the 4.9.8 broker to Maven Central: 4.9.7 is the newest 4.9 broker there,
// with the same disk format.
package javastore
