import path from 'node:path';

// Addresses are relative to <base>, which the server writes into the page: the same files work under any path prefix.
export default {
  root: import.meta.dirname,
  base: './',
  publicDir: 'public',
  build: {
    outDir: path.resolve(import.meta.dirname, '../dist/web'),
    emptyOutDir: true,
    assetsDir: 'static',
    // Nothing is written into the page: its Content-Security-Policy allows no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      // Libraries mark files for servers that render React; nothing here does.
      onwarn: (warning, tell) => warning.code !== 'MODULE_LEVEL_DIRECTIVE' && tell(warning),
    },
  },
  server: {
    port: 5173,
    proxy: Object.fromEntries(
      ['/graphql', '/session', '/files', '/uploads', '/exports', '/imports', '/explorer'].map((place) => [
        place,
        { target: process.env.VITRINE_SERVER ?? 'http://127.0.0.1:4000', changeOrigin: false },
      ]),
    ),
  },
};
