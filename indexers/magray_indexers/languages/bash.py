"""Bash and other Bourne shells."""

from magray_indexers.languages.language import Language

LANGUAGE = Language(
    name="bash",
    extensions=(".sh", ".bash", ".zsh", ".ksh", ".bats", ".ebuild"),
    file_names=(
        ".bashrc", ".bash_profile", ".bash_aliases", ".bash_logout", ".profile", ".zshrc", ".zprofile", ".zshenv",
        "PKGBUILD", "APKBUILD",
    ),
    interpreters=("bash", "sh", "dash", "zsh", "ksh", "ash"),
    grammar="bash",
    ast_grep="bash",
    is_code=True,
    line_comments=("#",),
    definitions="""
(function_definition name: (_) @name) @function
(program (variable_assignment name: (variable_name) @name) @variable)
(program (declaration_command (variable_assignment name: (variable_name) @name)) @variable)
""",
)  # fmt: skip
