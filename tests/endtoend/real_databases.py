"""sqlite3 at a script, and a redis server (on jemalloc, with threads) that is filled, asked, saved and stopped."""
import harness
from realprogram import compare

SQL = b"""
create table t(id integer primary key, name text, value real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 50000)
	insert into t select i, 'name ' || (i * 7919 % 50000), i * 0.5 from n;
create index t_name on t(name);
select count(*), sum(value), min(name), max(name) from t;
select name, value from t where name between 'name 100' and 'name 1003' order by name limit 5;
create virtual table f using fts5(body);
insert into f select name || ' and ' || value from t where id % 50 = 0;
select count(*) from f where f match 'name and';
select json_group_array(name) from (select name from t order by id limit 5);
savepoint s; delete from t where id % 2; select changes(); rollback to s;
select count(*) from t;
vacuum;
pragma integrity_check;
select no_such_column from t;
"""
compare("sqlite", ["sqlite3", "file.db"], stdin=SQL, status=1)

harness.need("redis-server", "redis-cli", "bash")
# Waiting is done by `read`, which starts no process: the tree is the same each time.
REDIS = r"""
mkfifo wait; exec 9<>wait
nap() { read -t 0.05 -u 9 || true; }
ask() { redis-cli -s "$PWD/socket" "$@"; }
redis-server --port 0 --unixsocket "$PWD/socket" --dir "$PWD" --save '' --logfile log --io-threads 3 \
	--enable-debug-command yes &
until [ -S socket ]; do nap; done
ask debug populate 50000 key 100
ask eval 'local s = 0 for i = 0, 999 do s = s + #redis.call("get", "key:" .. i) end return s' 0
{ for i in {1..3000}; do echo "rpush list:$((i % 10)) $i"; echo "zadd scores $i member$i"; done; } |
	ask | sort | md5sum
ask zrange scores 100 105 withscores
ask save
rm dump.rdb
ask bgsave
until [ -e dump.rdb ]; do nap; done
ask dbsize
ask debug digest
ask flushall
ask dbsize
ask shutdown nosave
wait $!
echo "status $?"
"""
outcome, _ = compare("redis", ["bash", "-c", REDIS], timeout=120)
assert outcome.out.endswith(b"status 0\n"), outcome
compare("redis-memory", ["redis-server", "--test-memory", "2"])
