/// Taking values out of a statement's text.
#pragma once

namespace deal::audit {

/// Puts ? in place of every string and number of a statement's text, in place, and takes comments out; names,
/// keywords and parameters stay. A string that never ends is taken out to the end of the text, so a text that
/// was cut shows no value either. `backslashes`: a backslash escapes in ordinary strings too
/// (standard_conforming_strings is off).
void mask_literals(char* text, bool backslashes) noexcept;

}  // namespace deal::audit
