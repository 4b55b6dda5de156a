import js from '@eslint/js'
import hooks from 'eslint-plugin-react-hooks'
import { defineConfig, globalIgnores } from 'eslint/config'
import ts from 'typescript-eslint'

export default defineConfig(
  globalIgnores([
    '**/dist',
    '**/node_modules',
    '**/schema.d.ts',
    'e2e/screenshots',
    'e2e/consumer'
  ]),
  js.configs.recommended,
  ts.configs.strictTypeChecked,
  hooks.configs.flat.recommended,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['*.js'] } } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      // `{ position: _, ...rest }` is how one leaves a property out.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      // vitest's fixtures name what they depend on in a pattern, which may be empty.
      'no-empty-pattern': ['error', { allowObjectPatternsAsParameters: true }]
    }
  },
  { files: ['**/*.js'], extends: [ts.configs.disableTypeChecked] }
)
