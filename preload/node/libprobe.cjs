// Required by node, which libprobe.so is preloaded into (libprobe(7)): the same file is an addon, too.
'use strict';
try {
	process.dlopen({ exports: {} }, `${__dirname}/libprobe.so`);
} catch {}
delete require.cache[__filename];
for (const [request, found] of Object.entries(module.constructor._pathCache ?? {}))
	if (found === __filename)
		delete module.constructor._pathCache[request];
