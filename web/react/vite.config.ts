import { defineConfig } from 'vite'
import react from '@vitejs/plugin-react'
import manifest from './package.json' with { type: 'json' }

const external = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)]

export default defineConfig({
  plugins: [react()],
  build: {
    lib: { entry: 'src/index.ts', formats: ['es'], fileName: 'index', cssFileName: 'styles' },
    rollupOptions: {
      external: (id) => external.some((name) => id === name || id.startsWith(`${name}/`)),
      // Frameworks with server components run what says so in the browser, too; all of it needs React's hooks.
      output: { banner: "'use client'" }
    },
    sourcemap: true,
    target: 'es2022'
  }
})
