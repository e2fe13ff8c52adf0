"""The catalogue: which suites, categories and services a project has, and every fault in it.

Import the modules by name and late: `loading` needs PyYAML and pydantic, which a project
without a catalogue never pays for. `content` and `discovery` are light.
"""
