;; What the hooks of a rewritten module (rewrite.h) lead to: one instance for each instance that is watched. It turns
;; pointers into addresses of the process, leaves out what is no event, and passes i32s alone, which V8 hands on as they
;; are: addresses and sizes as low and high half. watch.c takes them.
;;
;; While the functions are on trial (trial.h) each event goes there first. Once they are refuted the state becomes what is
;; wanted then: others tell, or none.
(module
	(import "p" "born" (func $born (param i32 i32 i32 i32 i32)))    ;; address, size, alignment
	(import "p" "dies" (func $dies (param i32 i32)))                ;; address
	(import "p" "moves" (func $moves))
	(import "p" "moved" (func $moved (param i32 i32 i32 i32 i32 i32 i32))) ;; old address, then as born
	(import "p" "refused" (func $refused (param i32 i32 i32 i32)))  ;; base, pages
	(import "p" "tried" (func $tried (param i32 i32 i32 i32 i32) (result i32))) ;; ticket, old pointer, new pointer
	(import "p" "base" (global $base i64))
	(import "p" "trial" (global $trial i32))
	(import "p" "state" (global $state (mut i32)))

	(import "p" "first" (global $first i32))

	(global $going (mut i32) (i32.const 1)) ;; is it on trial?
	(global $wanted (export "wanted") (mut i32) (global.get $first)) ;; the state

	;; Is the event to be told?
	(func $probe.hook.tried (param $old i64) (param $pointer i64) (result i32)
		(local $answer i32)
		(local.set $answer
			(call $tried
				(global.get $trial)
				(i32.wrap_i64 (local.get $old))
				(i32.wrap_i64 (i64.shr_u (local.get $old) (i64.const 32)))
				(i32.wrap_i64 (local.get $pointer))
				(i32.wrap_i64 (i64.shr_u (local.get $pointer) (i64.const 32)))))
		(global.set $going (i32.eq (local.get $answer) (i32.const 1)))
		(if (i32.le_u (local.get $answer) (i32.const 1)) (then (return (i32.const 1))))
		(global.set $wanted (local.get $answer))
		(global.set $state (local.get $answer))
		(i32.const 0))

	(func $probe.hook.born.64 (param $pointer i64) (param $size i64) (param $alignment i32)
		(local $address i64)
		(if (i64.eqz (local.get $pointer)) (then (return)))
		(if (global.get $going)
			(then (if (i32.eqz (call $probe.hook.tried (i64.const 0) (local.get $pointer))) (then (return)))))
		(local.set $address (i64.add (global.get $base) (local.get $pointer)))
		(call $born
			(i32.wrap_i64 (local.get $address))
			(i32.wrap_i64 (i64.shr_u (local.get $address) (i64.const 32)))
			(i32.wrap_i64 (local.get $size))
			(i32.wrap_i64 (i64.shr_u (local.get $size) (i64.const 32)))
			(local.get $alignment)))

	(func $probe.hook.dies.64 (param $pointer i64)
		(local $address i64)
		(if (global.get $going)
			(then (if (i32.eqz (call $probe.hook.tried (local.get $pointer) (i64.const 0))) (then (return)))))
		(local.set $address (i64.add (global.get $base) (local.get $pointer)))
		(call $dies
			(i32.wrap_i64 (local.get $address))
			(i32.wrap_i64 (i64.shr_u (local.get $address) (i64.const 32)))))

	(func $probe.hook.moved.64 (param $old i64) (param $pointer i64) (param $size i64) (param $alignment i32)
		(local $from i64) (local $address i64)
		(if (i64.eqz (local.get $old))
			(then
				(call $probe.hook.born.64 (local.get $pointer) (local.get $size) (local.get $alignment))
				(return)))
		(if (i64.eqz (local.get $pointer))
			(then
				(if (i64.eqz (local.get $size)) (then (call $probe.hook.dies.64 (local.get $old))))
				(return)))
		(if (global.get $going)
			(then (if (i32.eqz (call $probe.hook.tried (local.get $old) (local.get $pointer))) (then (return)))))
		(local.set $from (i64.add (global.get $base) (local.get $old)))
		(local.set $address (i64.add (global.get $base) (local.get $pointer)))
		(call $moved
			(i32.wrap_i64 (local.get $from))
			(i32.wrap_i64 (i64.shr_u (local.get $from) (i64.const 32)))
			(i32.wrap_i64 (local.get $address))
			(i32.wrap_i64 (i64.shr_u (local.get $address) (i64.const 32)))
			(i32.wrap_i64 (local.get $size))
			(i32.wrap_i64 (i64.shr_u (local.get $size) (i64.const 32)))
			(local.get $alignment)))

	(func $probe.hook.refused.64 (param $pages i64)
		(call $refused
			(i32.wrap_i64 (global.get $base))
			(i32.wrap_i64 (i64.shr_u (global.get $base) (i64.const 32)))
			(i32.wrap_i64 (local.get $pages))
			(i32.wrap_i64 (i64.shr_u (local.get $pages) (i64.const 32)))))

	;; Of memories with 32-bit addresses, …
	(func $probe.hook.born (export "born") (param $watch i32) (param $pointer i32) (param $size i32) (param $alignment i32)
		(call $probe.hook.born.64 (i64.extend_i32_u (local.get $pointer)) (i64.extend_i32_u (local.get $size))
			(local.get $alignment)))
	(func $probe.hook.dies (export "dies") (param $watch i32) (param $pointer i32)
		(call $probe.hook.dies.64 (i64.extend_i32_u (local.get $pointer))))
	(func $probe.hook.moves (export "moves") (param $watch i32) (param $old i32)
		(call $moves))
	(func $probe.hook.moved (export "moved") (param $watch i32) (param $old i32) (param $pointer i32) (param $size i32)
		(param $alignment i32)
		(call $probe.hook.moved.64 (i64.extend_i32_u (local.get $old)) (i64.extend_i32_u (local.get $pointer))
			(i64.extend_i32_u (local.get $size)) (local.get $alignment)))
	(func $probe.hook.refused (export "refused") (param $memory i32) (param $pages i32)
		(call $probe.hook.refused.64 (i64.extend_i32_u (local.get $pages))))

	;; … and with 64-bit ones.
	(func $probe.hook.born.wide (export "born_wide") (param $watch i32) (param $pointer f64) (param $size f64)
		(param $alignment f64)
		(call $probe.hook.born.64 (i64.trunc_sat_f64_u (local.get $pointer)) (i64.trunc_sat_f64_u (local.get $size))
			(i32.trunc_sat_f64_u (local.get $alignment))))
	(func $probe.hook.dies.wide (export "dies_wide") (param $watch i32) (param $pointer f64)
		(call $probe.hook.dies.64 (i64.trunc_sat_f64_u (local.get $pointer))))
	(func $probe.hook.moves.wide (export "moves_wide") (param $watch i32) (param $old f64)
		(call $moves))
	(func $probe.hook.moved.wide (export "moved_wide") (param $watch i32) (param $old f64) (param $pointer f64)
		(param $size f64) (param $alignment f64)
		(call $probe.hook.moved.64 (i64.trunc_sat_f64_u (local.get $old)) (i64.trunc_sat_f64_u (local.get $pointer))
			(i64.trunc_sat_f64_u (local.get $size)) (i32.trunc_sat_f64_u (local.get $alignment))))
	(func $probe.hook.refused.wide (export "refused_wide") (param $memory i32) (param $pages f64)
		(call $probe.hook.refused.64 (i64.trunc_sat_f64_u (local.get $pages)))))
