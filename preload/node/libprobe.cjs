// Required by node, which libprobe.so is preloaded into (libprobe(7)). That sees itself opened, and comes in as an addon.
'use strict';
try {
	process.dlopen({ exports: {} }, `${__dirname}/libprobe.so`);
} catch {}
delete require.cache[__filename];
for (const [request, found] of Object.entries(module.constructor._pathCache ?? {}))
	if (found === __filename)
		delete module.constructor._pathCache[request];
