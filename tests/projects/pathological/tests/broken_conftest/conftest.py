"""Does not import."""

import nothing_of_this_name
