package javastore

import (
	"os"
	"path/filepath"
	"strings"

	"gorocket/integration/harness"
)

// javaFlags keep a broker's JVM small and quick to start, and open what RocketMQ needs on JDK 17 for both releases.
var javaFlags = strings.Fields(`-Xms64m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:MaxDirectMemorySize=512m
	--add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/sun.nio.ch=ALL-UNNAMED --add-exports=java.base/sun.nio.ch=ALL-UNNAMED
	--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED --add-opens=java.base/jdk.internal.ref=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED
	--add-opens=java.base/java.util=ALL-UNNAMED --add-opens=java.base/jdk.internal.misc=ALL-UNNAMED --add-opens=java.base/java.util.concurrent=ALL-UNNAMED`)

// jars returns the folder with the broker of a release; Maven fetches it the first time.
func jars(version side) (string, error) {
	if dir := os.Getenv("GOROCKET_JAVA_LIB_" + strings.ReplaceAll(string(version), ".", "_")); dir != "" {
		return dir, nil
	}
	dir := filepath.Join(harness.Work(), "servers-"+string(version))
	if hits, _ := filepath.Glob(dir + "/rocketmq-broker-*.jar"); len(hits) > 0 {
		return dir, nil
	}
	return dir, harness.Maven(filepath.Join(harness.Root(), "javaservers"), "dependency:copy-dependencies",
		"-Drmq.version="+string(version), "-DincludeScope=runtime", "-DoutputDirectory="+dir)
}

// javaBroker is the command line of a release's broker; dir becomes its user.home and ROCKETMQ_HOME.
func javaBroker(version side, dir, file string) (argv, env []string, err error) {
	lib, err := jars(version)
	if err != nil {
		return nil, nil, err
	}
	home := filepath.Join(dir, "java-home")
	conf, err := harness.QuietConf(filepath.Join(home, "conf"))
	if err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(filepath.Join(home, "logs", "rocketmqlogs"), 0o755); err != nil { // RocksDB wants it
		return nil, nil, err
	}
	argv = append(append([]string{"java", "-Duser.home=" + home}, javaFlags...), "-cp", conf+":"+lib+"/*",
		"org.apache.rocketmq.broker.BrokerStartup", "-c", file)
	return argv, []string{"ROCKETMQ_HOME=" + home}, nil
}
