// All that scripts do with a processor: calls, strings, maps, objects, floats, sorting, regular expressions, JSON, typed arrays,
// closures; as many rounds as the argument says.
function fib(n){return n<2?n:fib(n-1)+fib(n-2);}
function strings(n){let s=0;for(let i=0;i<n;i++){s+=('k'+i).split('').reverse().join('').length;}return s;}
function maps(n){const m=new Map();for(let i=0;i<n;i++){m.set('a'+(i%5000),i);}return m.size;}
class P{constructor(x){this.x=x;this.y=[x];}}
function objects(n){let a=[];for(let i=0;i<n;i++){a.push(new P(i));if(a.length>1000)a=[];}return a.length;}
function floats(n){let x=0.5;for(let i=0;i<n;i++){x=Math.sin(x)+Math.sqrt(i)*1e-9;}return x;}
function sorts(n){const a=[];for(let i=0;i<n;i++)a.push((i*7919)%n);a.sort((x,y)=>x-y);return a[0];}
function regex(n){let c=0;for(let i=0;i<n;i++){if(/^(\w+)@(\w+)\.com$/.test('user'+i+'@example.com'))c++;}return c;}
function json(n){let c=0;for(let i=0;i<n;i++){c+=JSON.parse(JSON.stringify({a:i,b:[1,2,3],c:'x'+i})).a;}return c;}
function typed(n){const a=new Float64Array(1000);for(let i=0;i<n;i++){for(let j=1;j<1000;j++)a[j]=a[j-1]*0.5+j;}return a[10];}
function closures(n){let s=0;for(let i=0;i<n;i++){s+=[1,2,3,4].map(x=>x*i).filter(x=>x&1).reduce((a,b)=>a+b,0);}return s;}
for(let round=+(process.argv[2]||20);round>0;round--){fib(24);strings(3000);maps(20000);objects(20000);floats(30000);sorts(3000);regex(8000);json(2000);typed(60);closures(6000);}
