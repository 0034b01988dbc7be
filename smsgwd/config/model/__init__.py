"""The sections of the configuration file: what may be set, its type, range, default and text, declared once.

Here live declarations and properties derived from them; reading files, coercion, cross checks and the generated
reference may not (they are one level up).

To add an option, add one `option(...)` to its section and run `scripts/gen_config_docs.py`; to add a section, add its
class here and a field to `Config` in root.py; to change tenants, edit `smsgwd/config/tenants.py`.
"""
