package store
import ("testing";"os/exec";"gorocket/store/vfs";"os")
func TestZZ(t *testing.T){
 dir:=t.TempDir()+"/store"
 cfg:=smallConfig(dir)
 s:=mustStart(t,cfg,vfs.OS{})
 goWrite(t,s,0,1000)
 b,_:=os.ReadFile(dir+"/commitlog/"+segmentName(0))
 println("read", len(b), b[4])
 to:=killCopy(t,s,dir)
 out,_:=exec.Command("sh","-c","ls -la "+to+"/commitlog; head -c 16 "+to+"/commitlog/00000000000000000000 | xxd").CombinedOutput()
 println(string(out))
 dump(t, mustStart(t, func() Config { cfg.StorePathRootDir=to; return cfg}(), vfs.OS{}))
}
