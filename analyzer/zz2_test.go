package analyzer
import ("testing";"context";"finscope/internal/capture";"fmt";"os";"math/bits";"sort";"reflect")
func fieldAt(t reflect.Type, off uintptr) string {
 for i:=0;i<t.NumField();i++{ f:=t.Field(i); if off>=f.Offset && off<f.Offset+f.Type.Size(){ 
   if f.Type.Kind()==reflect.Struct { return f.Name+"."+fieldAt(f.Type,off-f.Offset)}
   if f.Type.Kind()==reflect.Array && f.Type.Elem().Kind()==reflect.Struct { n:=(off-f.Offset)/f.Type.Elem().Size(); return fmt.Sprintf("%s[%d].%s",f.Name,n,fieldAt(f.Type.Elem(),(off-f.Offset)%f.Type.Elem().Size()))}
   return f.Name}}
 return "?"
}
func TestZZ2(t *testing.T){
 name:=os.Getenv("ZZ"); if name=="" {t.Skip()}
 r,_:=newRun(Options{Count:1000000})
 src:=capture.Open([]string{name},capture.Options{})
 r.read(context.Background(),src)
 s:=r.shards[0]
 n,fl,cl:=0,0,0
 type st struct{cnt,bytes int}
 fs:=map[string]*st{}
 stat:=func(ty reflect.Type,w []uint64,pre string){ for i,x:=range w { if x!=0 { k:=pre+fieldAt(ty,uintptr(i*8)); if fs[k]==nil{fs[k]=&st{}}; fs[k].cnt++; fs[k].bytes+=(bits.Len64(x)+7)/8 }}}
 s.flows.read=true
 for id:=int32(1);id<=s.flows.len();id++{
  f:=s.flows.at(id)
  if f.flags&ended==0||f.closing==0 {continue}
  for x:=range f.e { f.e[x].recent=[4]uint32{} }
  var buf [4096]byte
  b:=packRecord(buf[:0],f,s.flows.epoch); fl+=len(b)
  c:=packRecord(b,s.closings.at(f.closing),f.last); cl+=len(c)-len(b); n++
  stat(reflect.TypeOf(*f),words(f),"f."); stat(reflect.TypeOf(closing{}),words(s.closings.at(f.closing)),"c.")
 }
 fmt.Println(n,"flow",fl/n,"closing",cl/n)
 ks:=[]string{}; for k:=range fs{ks=append(ks,k)}; sort.Strings(ks)
 for _,k:=range ks { fmt.Printf("%-30s %.2f present, raw bytes %.1f per conn\n",k,float64(fs[k].cnt)/float64(n),float64(fs[k].bytes)/float64(n)) }
}
