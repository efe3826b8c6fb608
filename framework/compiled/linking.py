"""One piece of machine code of many functions: inner ones are typed and lowered alone, then optimized and translated together, once.

numba would translate each of them with everything it calls, and again inside of its callers. Its own parts are named here and in
``jit`` alone (docs/decisions/087).
"""

from __future__ import annotations

from typing import Any

from numba.core import codegen, compiler, compiler_machinery, registry, typed_passes, types


class Part(codegen.JITCodeLibrary):
    """The LLVM code of an inner function, for a ``Whole`` to take in; nothing in it is linked or translated."""

    def finalize(self) -> None:
        """Take nothing more in."""
        self._finalized = True

    @property
    def linked(self) -> list[Any]:
        """The libraries it calls into."""
        return list(self._linking_libraries)


class Whole(codegen.JITCodeLibrary):
    """The code of the outermost function with all parts it needs, those included that only other parts call."""

    def add_linking_library(self, library: codegen.CodeLibrary) -> None:
        """Take ``library`` in, once."""
        if library in self._linking_libraries:
            return
        super().add_linking_library(library)
        if isinstance(library, Part):
            for other in library.linked:
                self.add_linking_library(other)


@compiler_machinery.register_pass(mutates_CFG=True, analysis_only=False)
class PartLowering(typed_passes.NativeLowering):
    """To LLVM code and no further; callers find it by a key, where they would find machine code by its entry."""

    _name = "onetape_part_lowering"

    def run_pass(self, state: Any) -> bool:  # noqa: ANN401 - numba's own types
        """Lower one function."""
        state.library = library = Part(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        state.cr = state.cr._replace(cfunc=library)
        state.targetctx.insert_user_function(library, state.cr.fndesc, [library])
        return True


class PartCompiler(compiler.CompilerBase):
    """numba's passes for a function that nobody but compiled code calls."""

    def define_pipelines(self) -> list[compiler_machinery.PassManager]:
        """The one pipeline."""
        whole = compiler.DefaultPassBuilder.define_nopython_pipeline(self.state)
        made = compiler_machinery.PassManager("onetape_part")
        for one, told in whole.passes:
            made.add_pass(PartLowering if one is typed_passes.NativeLowering else one, told)
        made.finalize()
        return [made]


class WholeCompiler(compiler.Compiler):
    """numba's passes for the outermost function."""

    def compile_extra(self, func: Any) -> Any:  # noqa: ANN401 - the same
        """Compile ``func`` into a library that takes parts in."""
        self.state.library = library = Whole(self.state.targetctx.codegen(), func.__qualname__)
        library.enable_object_caching()
        return super().compile_extra(func)


class Inner(registry.CPUDispatcher):
    """A function only compiled code calls: made once for all constants it is called with, where numba would make it anew for each."""

    def get_call_template(self, args: Any, kws: Any) -> Any:  # noqa: ANN401 - numba's own types
        """The signature of a call."""
        return super().get_call_template([types.unliteral(one) for one in args], {name: types.unliteral(one) for name, one in kws.items()})

    def add_overload(self, cres: Any) -> None:  # noqa: ANN401 - the same
        """Keep what was made; there is no machine code that Python could call."""
        self.overloads[tuple(cres.signature.args)] = cres
