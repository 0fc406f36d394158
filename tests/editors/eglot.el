;;; eglot.el --- Magray in a batch Emacs with eglot: hover, plan, apply, undo  -*- lexical-binding: t -*-
;; emacs --batch -q -l eglot.el; reads MAGRAY and WORKSPACE from the environment, exits with the number of failures.
(setq create-lockfiles nil make-backup-files nil auto-save-default nil
      eglot-sync-connect 20 eglot-autoshutdown nil eglot-confirm-server-initiated-edits nil
      eglot-confirm-server-edits nil)
(package-initialize)
(require 'eglot)
;; Policy asks before files change (window/showMessageRequest): take the first answer, which is yes.
(defvar asked 0)
(advice-add 'y-or-n-p :override (lambda (&rest _) t))
(advice-add 'completing-read :override
            (lambda (_prompt choices &rest _) (setq asked (1+ asked)) (let ((one (car choices))) (if (consp one) (car one) one))))

(defvar failed 0)
(defun check (name value &optional note)
  (unless value (setq failed (1+ failed)))
  (message "%s %s %s" (if value "ok  " "FAIL") name (or note "")))
(defun wait-for (condition &optional seconds)
  (let ((end (+ (float-time) (or seconds 20))) value)
    (while (and (not (setq value (ignore-errors (funcall condition)))) (< (float-time) end))
      (accept-process-output nil 0.02))
    value))
(defun file-text (name)
  (with-temp-buffer (insert-file-contents (concat workspace name)) (buffer-string)))
(defun save-all () (save-some-buffers t))

(defvar workspace (file-name-as-directory (getenv "WORKSPACE")))
(setq project-find-functions (list (lambda (_) (cons 'transient workspace))))
(find-file (concat workspace "shop/prices.py"))
(python-mode)
(eglot '(python-mode) (cons 'transient workspace) 'eglot-lsp-server (list (getenv "MAGRAY") "serve") "python")
(check "connected" (eglot-current-server))

(let ((server (eglot-current-server)))
  (cl-flet ((ask (command argument)
              (jsonrpc-request server :workspace/executeCommand
                               (list :command command :arguments (vector argument)) :timeout 30)))
    (goto-char (point-min))
    (search-forward "total_pr")
    (let ((hover (wait-for (lambda ()
                             (jsonrpc-request server :textDocument/hover (eglot--TextDocumentPositionParams))))))
      (check "hover" (string-match-p "Sum the prices" (format "%S" hover))))
    (let* ((plan (ask "magray.plan" (list :goal "rename total_price to sum_of_prices")))
           (id (plist-get plan :id)))
      (check "plan" id (plist-get plan :summary))
      (check "planning changes nothing" (string-match-p "def total_price" (file-text "shop/prices.py")))
      (let ((outcome (ask "magray.apply" (list :plan id))))
        (save-all)
        (check "apply" (string-match-p "applied" (plist-get outcome :status)) outcome))
      (check "definition" (wait-for (lambda () (string-match-p "def sum_of_prices" (file-text "shop/prices.py")))))
      (check "use" (wait-for (lambda () (string-match-p "prices.sum_of_prices" (file-text "shop/report.py")))))
      (let ((outcome (ask "magray.undo" (list :plan id))))
        (save-all)
        (check "undo" (equal "undone" (plist-get outcome :status)) outcome))
      (check "policy asked before files changed" (= asked 1) asked)
      (check "taken back" (wait-for (lambda () (string-match-p "def total_price" (file-text "shop/prices.py"))))))
    (eglot-shutdown server nil 5)))
(kill-emacs failed)
;;; eglot.el ends here
