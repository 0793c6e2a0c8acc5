"""
All planted bugs.
"""

import bugs_in_changes
import bugs_in_ending
import bugs_in_login
import bugs_in_ports
import bugs_in_settings


BUGS = (
    *bugs_in_login.BUGS,
    *bugs_in_changes.BUGS,
    *bugs_in_ports.BUGS,
    *bugs_in_settings.BUGS,
    *bugs_in_ending.BUGS,
)
