package store
import ("testing";"gorocket/store/vfs";"fmt";"time";"os";"context")
func TestZZ(t *testing.T){
 dir := "/tmp/zzstore"
 cfg:=DefaultConfig(); cfg.StorePathRootDir=dir; cfg.DiskSpaceWarningLevelRatio=100; cfg.MappedFileSizeCommitLog = 64<<20
 if _, err := os.Stat(dir); err != nil {
  s:=mustStart(t,cfg,vfs.OS{})
  b:=time.Now()
  for i:=0;i<80000;i++ { mustAppend(t,s,record(fmt.Sprintf("ScaleTopic%d",i%10000), int32(i/10000), "x")) }
  println("append", time.Since(b).String()); b=time.Now()
  s.writeQueues(1)
  println("write", time.Since(b).String()); b=time.Now()
  s.syncQueues()
  println("sync", time.Since(b).String()); b=time.Now()
  s.Stop(context.Background())
  println("stop", time.Since(b).String())
 }
  b:=time.Now()
  s:=mustStart(t,cfg,vfs.OS{})
  println("start", time.Since(b).String()); b=time.Now()
  s.Stop(context.Background())
  println("stop", time.Since(b).String()); b=time.Now()
}
