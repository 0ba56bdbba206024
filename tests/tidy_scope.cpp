// A plugin for clang 14 and its clang-tidy: keeps them from what is not ours (tests/tidy.py).
//
// clang-tidy has its checks look at each declaration of a translation unit, and drops what they
// find in system headers, which declare nearly all there is. Here they look at what is declared
// elsewhere.
//
// Bodies of functions of system headers are passed over already when they are parsed, and so is
// what they would instantiate. There is one use for them: whether a function changes what a
// forwarding reference of its leads to, which checks of needless copies ask.

#include <memory>
#include <string>
#include <vector>

#include <clang/AST/ASTConsumer.h>
#include <clang/AST/ASTContext.h>
#include <clang/AST/Decl.h>
#include <clang/Basic/SourceManager.h>
#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/FrontendAction.h>
#include <clang/Frontend/FrontendPluginRegistry.h>

namespace {

class OwnCode : public clang::ASTConsumer {
 public:
  explicit OwnCode(const clang::CompilerInstance& compiler) : compiler_(compiler) {}

  bool shouldSkipFunctionBody(clang::Decl* decl) override {
    const auto* function = decl->getAsFunction();
    return function && !is_ours(*decl) && !forwards(*function);
  }

  void HandleTranslationUnit(clang::ASTContext& context) override {
    std::vector<clang::Decl*> ours;
    // Those of a precompiled header are not loaded: there is nothing of ours.
    for (auto* each : context.getTranslationUnitDecl()->noload_decls()) {
      if (is_ours(*each)) ours.push_back(each);
    }
    context.setTraversalScope(ours);
  }

 private:
  bool is_ours(const clang::Decl& decl) const {
    const auto& sources = compiler_.getSourceManager();
    const auto place = sources.getExpansionLoc(decl.getLocation());
    return place.isValid() && !sources.isInSystemHeader(place);
  }

  static bool forwards(const clang::FunctionDecl& function) {
    for (const auto* each : function.parameters()) {
      auto type = each->getType();
      if (const auto* pack = type->getAs<clang::PackExpansionType>()) type = pack->getPattern();
      if (type->isRValueReferenceType()) return true;
    }
    return false;
  }

  const clang::CompilerInstance& compiler_;
};

class Action : public clang::PluginASTAction {
 public:
  std::unique_ptr<clang::ASTConsumer> CreateASTConsumer(clang::CompilerInstance& compiler,
                                                        llvm::StringRef /*file*/) override {
    compiler.getFrontendOpts().SkipFunctionBodies = true;
    return std::make_unique<OwnCode>(compiler);
  }

  bool ParseArgs(const clang::CompilerInstance&, const std::vector<std::string>&) override {
    return true;
  }

  ActionType getActionType() override { return AddBeforeMainAction; }
};

const clang::FrontendPluginRegistry::Add<Action> kRegistered("own-code", "keep to our own code");

}  // namespace
