"""What runs inside worker processes: standard library and pytest only.

`main.py` is started as a script by the project's own interpreter, which need not have this
package installed; it puts this folder on the path just long enough to import `utr_child`.
"""
